import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadedConfig } from "@smcq/config";
import { type Clock, errorMessage, SmcqError } from "@smcq/kernel";
import { askEngine } from "../control/control-client.ts";
import { checkChain, checkReplay, checkTables } from "../offline/ledger/check-ledger.ts";
import { askVenue, type Comparison, compareBooks, type VenueBook } from "./account-book.ts";
import { DrilledEngine } from "./drilled-engine.ts";
import { AlertSink } from "./alert-sink.ts";
import { drillEnvironment, drillSettings } from "./drill-settings.ts";
import type { DrillReport, Verdict } from "./report.ts";
import type { Scenario } from "./scenarios.ts";
import { DrillWatch } from "./watch.ts";

/** The engine has to be READY within this time, wall ms: also after a crash. */
const READY_MS_MAX = 180_000;
/** A first guarded position is waited for so long at most, venue ms; without one the drill goes on. */
const HOLD_VENUE_MS = 15 * 60_000;
/** After the fault everything has to be sound again within this time, venue ms (and so many wall ms at the least). */
const RECOVERY_VENUE_MS = 20 * 60_000;
const RECOVERY_WALL_MS_MIN = 60_000;
/** It has to stay sound for so long, venue ms. */
const STEADY_VENUE_MS = 2 * 60_000;
/** The end has this time, wall ms. */
const STOP_MS_MAX = 120_000;
const LOOK_MS = 50;
/** A position whose stop is not confirmed in time is left at the market: that has so long, wall ms. */
const LEAVE_MS_MAX = 1_000;
/** Words of the person whom the drill plays. */
const RESUMES_MAX = 3;

export interface DrillOptions {
  readonly scenario: Scenario;
  readonly loaded: LoadedConfig;
  /** A new folder of the drill's own: settings, data, report. */
  readonly folder: string;
  /** `smcq`'s file and Node's own arguments before it. */
  readonly program: readonly string[];
  readonly wallClock: Clock;
  /** Aborted: the drill ends as soon as it can. */
  readonly signal: AbortSignal;
  /** What the drill does now, for who waits. */
  readonly onStep: (text: string) => void;
  /** How many wall seconds the drill has waited in its step, of how many at most. */
  readonly onWait: (seconds: number, secondsMax: number) => void;
  /** What the engine says that is no line of its log. */
  readonly onText: (text: string) => void;
}

/**
 * Runs the settings' engine in mode sim on an account of its own, lets the scenario happen once positions are held, waits until
 * everything is as it should be again, ends the engine and proves its ledger. Throws DRILL_NOT_READY when the engine does not
 * come up, and what the start itself refuses.
 */
export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const sink = new AlertSink(options.wallClock);
  const alertsUrl = await sink.listen();
  try {
    const drill = new Drill(options, sink, alertsUrl);
    try {
      return await drill.run();
    } finally {
      drill.abandon();
    }
  } finally {
    sink.close();
  }
}

class Drill {
  readonly #options: DrillOptions;
  readonly #dataDir: string;
  readonly #watch: DrillWatch;
  readonly #sink: AlertSink;
  #engine: DrilledEngine;
  readonly #halts: string[] = [];
  #isResuming = false;
  #unexpected = 0;
  #unexpectedSamples: readonly string[] = [];

  constructor(options: DrillOptions, sink: AlertSink, alertsUrl: string) {
    this.#options = options;
    this.#sink = sink;
    this.#dataDir = join(options.folder, "data");
    mkdirSync(this.#dataDir, { recursive: true });
    const settings = drillSettings(options.loaded.config, { dataDir: this.#dataDir, alertsUrl });
    writeFileSync(join(options.folder, "settings.json"), `${JSON.stringify(settings, null, 2)}\n`);
    this.#watch = new DrillWatch(this.#dataDir, options.wallClock);
    this.#engine = this.#start();
  }

  abandon(): void {
    this.#watch.stop();
    this.#engine.abandon();
  }

  async run(): Promise<DrillReport> {
    const { scenario, loaded } = this.#options;
    await this.#ready(1);
    this.#watch.start();
    const held = await this.#hold();
    await this.#strike();
    await this.#lasts(scenario.lastsMs);
    if (scenario.plan !== "") this.#engine.say({ type: "drill-faults", plan: "" });
    this.#tell("the fault is over");
    const recoveredMs = await this.#recover();
    const naked = this.#watch.naked;
    const book = await this.#askVenue();
    const end = await this.#end();
    const comparison = book === null ? null : compareBooks(book, this.#dataDir);
    const facts = { book, comparison, recoveredMs, exitCode: end, held };
    return {
      scenario,
      speed: loaded.config.speed,
      recoveredMs,
      halts: this.#halts,
      naked,
      faultsStruck: book?.stats.faults ?? {},
      verdicts: [...this.#verdicts(facts), ...this.#proofs()],
      alerts: this.#sink.told,
      isTold: loaded.config.alerts.channels.length > 0,
      severityMin: loaded.config.alerts.severityMin,
      story: this.#watch.story,
      left: this.#watch.left,
    };
  }

  #start(): DrilledEngine {
    const { program, wallClock, folder, onText } = this.#options;
    return new DrilledEngine({
      args: [...program, "engine", "--config", join(folder, "settings.json"), ...FLAGS, this.#dataDir],
      env: drillEnvironment(process.env, this.#sink),
      wallClock,
      onLine: (line) => this.#watch.hearLine(line),
      onText,
    });
  }

  async #ready(times: number): Promise<void> {
    this.#options.onStep("starting the engine");
    if (await this.#engine.sees("READY", times, READY_MS_MAX)) return;
    throw new SmcqError(
      "DRILL_NOT_READY",
      `the engine of the drill did not become READY within ${READY_MS_MAX / 1_000} s`,
    );
  }

  /** Waits for the first position that has its stop; returns how many there are. */
  async #hold(): Promise<number> {
    this.#options.onStep("waiting for a position");
    const isHeld = (): boolean => this.#watch.positions.some(({ guard }) => guard === "guarded");
    await this.#until(isHeld, HOLD_VENUE_MS);
    const held = this.#watch.positions.length;
    this.#tell(held > 0 ? `${held} positions are held` : "no position came; the drill goes on without one");
    return held;
  }

  async #strike(): Promise<void> {
    const { scenario, onStep } = this.#options;
    onStep(scenario.title);
    this.#tell(`strikes: ${scenario.title}`);
    if (scenario.plan !== "") this.#engine.say({ type: "drill-faults", plan: scenario.plan });
    if (scenario.kill === "engine") {
      this.#engine.say({ type: "drill-kill" });
      await this.#ready(this.#engine.count("READY") + 1);
    } else if (scenario.kill === "all") {
      await this.#keepCounters();
      await this.#engine.killAll();
      this.#tell("every process is gone; the same command is given again");
      this.#engine = this.#start();
      await this.#ready(1);
    }
  }

  async #lasts(venueMs: number): Promise<void> {
    await this.#until(() => false, venueMs);
  }

  /** Waits until everything is sound and stays so; returns how long that took, wall ms, or null. */
  async #recover(): Promise<number | null> {
    const { wallClock, onStep, loaded } = this.#options;
    onStep("waiting until everything is sound again");
    const startNs = wallClock.monoNs();
    let soundNs: number | null = null;
    const steadyNs = (STEADY_VENUE_MS * 1e6) / loaded.config.speed;
    const isSteady = (): boolean => {
      const { isSound, haltedBy } = this.#watch;
      soundNs = isSound ? (soundNs ?? wallClock.monoNs()) : null;
      if (haltedBy !== null && !this.#isResuming && this.#halts.length < RESUMES_MAX)
        void this.#resume(haltedBy.join(", "));
      return soundNs !== null && wallClock.monoNs() - soundNs >= steadyNs;
    };
    if (!(await this.#until(isSteady, RECOVERY_VENUE_MS, RECOVERY_WALL_MS_MIN)) || soundNs === null)
      return null;
    this.#tell("everything is sound again");
    return Math.max(0, (soundNs - startNs) / 1e6);
  }

  /** What a person would do, once nothing but his word is missing. */
  async #resume(why: string): Promise<void> {
    this.#isResuming = true;
    this.#halts.push(why);
    this.#tell(`a person has looked (${why}) and says \`smcq resume\``);
    try {
      await askEngine(this.#dataDir, { request: "resume" });
      await this.#until(() => this.#watch.haltedBy === null, STEADY_VENUE_MS);
    } catch (error) {
      this.#tell(`the engine says no: ${errorMessage(error)}`);
    } finally {
      this.#isResuming = false;
    }
  }

  /** What the venue has counted goes with its process. */
  async #keepCounters(): Promise<void> {
    const book = await this.#askVenue();
    if (book === null) return;
    this.#unexpected += book.stats.unexpected;
    this.#unexpectedSamples = [...this.#unexpectedSamples, ...book.stats.unexpectedSamples];
  }

  async #askVenue(): Promise<VenueBook | null> {
    const { port } = this.#engine.lastLine("simulated venue is up") ?? {};
    if (port === undefined) return null;
    try {
      return await askVenue(port);
    } catch {
      return null;
    }
  }

  async #end(): Promise<number | null> {
    this.#options.onStep("ending the engine");
    this.#watch.stop();
    return this.#engine.stop(STOP_MS_MAX);
  }

  #verdicts({ book, comparison, recoveredMs, exitCode, held }: Facts): readonly Verdict[] {
    const { scenario, loaded } = this.#options;
    const { naked } = this.#watch;
    const { protectMs } = loaded.config.protocol;
    const bare = this.#watch.positions.filter(({ guard }) => guard === "naked").length;
    const unexpected = this.#unexpected + (book?.stats.unexpected ?? 0);
    const samples = [...this.#unexpectedSamples, ...(book?.stats.unexpectedSamples ?? [])];
    return [
      {
        what: "everything is sound again, and stays so for two venue minutes",
        isHeld: recoveredMs !== null,
        detail:
          recoveredMs === null ? "not within the limit" : `after ${Math.round(recoveredMs)} ms of wall time`,
      },
      {
        what: "every position has its stop at the end",
        isHeld: bare === 0,
        detail:
          held === 0 ? "none was held at the strike" : `${held} were held at the strike, ${bare} are bare`,
      },
      {
        what: `no position stands without a confirmed stop for longer than protocol.protectMs and the second in which it is then left (${protectMs + LEAVE_MS_MAX} ms of wall time)`,
        isHeld: scenario.isCutOff === true ? null : naked.wallMsMax <= protectMs + LEAVE_MS_MAX,
        detail: `longest ${Math.round(naked.wallMsMax)} ms of wall time, ${Math.round(naked.venueMsMax)} ms of the venue's${
          scenario.isCutOff === true ? "; not judged while nobody can be reached" : ""
        }`,
      },
      {
        what: "every line of the venue's account book is the ledger's, to the last cent",
        isHeld: comparison === null ? false : comparison.differing === 0,
        detail:
          comparison === null
            ? "the venue could not be asked"
            : `${comparison.lines} lines, ${comparison.fills} fills, ${comparison.differing} differ${listed(comparison.samples)}`,
      },
      {
        what: "the venue can explain every request",
        isHeld: book !== null && unexpected === 0,
        detail: `${book?.stats.requests ?? 0} requests, ${unexpected} unexplained${listed(samples)}; at most ${weightText(book)} of the weight`,
      },
      { what: "the engine ends in order", isHeld: exitCode === 0, detail: `exit code ${exitCode ?? "none"}` },
    ];
  }

  #proofs(): readonly Verdict[] {
    const checks = {
      "the journal's chain is whole": () => checkChain(this.#dataDir),
      "the tables are what the journal makes": () => checkTables(this.#dataDir, false),
      "a fresh core makes the same commands of the same events": () => checkReplay(this.#dataDir, null),
    };
    return Object.entries(checks).map(([what, check]) => {
      try {
        const { isSound, text } = check();
        return { what, isHeld: isSound, detail: text.trim().split("\n").at(-1) ?? "" };
      } catch (error) {
        return { what, isHeld: false, detail: errorMessage(error) };
      }
    });
  }

  #tell(text: string): void {
    this.#watch.tell("drill", text);
  }

  /** Looks until it is so; false: it was not within this venue time, or `wallMsMin` where that is longer. */
  async #until(isSo: () => boolean, venueMs: number, wallMsMin = 0): Promise<boolean> {
    const { wallClock, loaded, signal, onWait } = this.#options;
    const startNs = wallClock.monoNs();
    const wallMsMax = Math.max(venueMs / loaded.config.speed, wallMsMin);
    while (!isSo()) {
      signal.throwIfAborted();
      if (this.#engine.hasEnded)
        throw new SmcqError("DRILL_ENDED", "the engine of the drill has ended by itself");
      const waitedMs = (wallClock.monoNs() - startNs) / 1e6;
      if (waitedMs >= wallMsMax) return false;
      onWait(Math.floor(waitedMs / 1_000), Math.ceil(wallMsMax / 1_000));
      await new Promise<void>((resolve) => wallClock.after(LOOK_MS, resolve));
    }
    return true;
  }
}

interface Facts {
  readonly book: VenueBook | null;
  readonly comparison: Comparison | null;
  readonly recoveredMs: number | null;
  readonly exitCode: number | null;
  readonly held: number;
}

/** Whatever the settings say, this is the drill's. */
const FLAGS: readonly string[] =
  "--mode sim --log-format json --dashboard-port 0 --faults= --set sim.port=0 --data-dir".split(" ");

function listed(samples: readonly string[]): string {
  return samples.length === 0 ? "" : `: ${samples.slice(0, 3).join("; ")}`;
}

function weightText(book: VenueBook | null): string {
  if (book === null) return "?";
  return `${Math.round((100 * book.stats.usedWeightMax) / book.stats.weightLimit)} %`;
}
