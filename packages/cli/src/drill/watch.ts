import { type CancelTimer, type Clock, errorMessage, repeat, SmcqError } from "@smcq/kernel";
import { askEngine } from "../control/control-client.ts";
import type { MetricView, PositionView, StatusView } from "../control/protocol.ts";
import type { DrillLine } from "./drilled-engine.ts";

/** The engine is looked at so often, wall ms. */
const LOOK_MS = 200;
/** Entries of the story; of more the rest is counted. */
const STORY_MAX = 400;

/** One thing that an operator could have seen. */
export interface Seen {
  /** Since the drill began, wall ms. */
  readonly atMs: number;
  /** Venue ms; null: not known at that moment. */
  readonly venueMs: number | null;
  /** `drill`: what the drill did itself. */
  readonly by: "drill" | "state" | "log" | "guard";
  readonly text: string;
  /** How often the same was said again, and when last; of the log wherever it was said, else only right after. */
  readonly again: number;
  readonly lastMs: number;
}

/** How long positions stood without a confirmed stop at the longest, wall ms and venue ms. */
export interface Naked {
  readonly wallMsMax: number;
  readonly venueMsMax: number;
}

/** Looks at the engine of a drill as an operator would: its status, its positions, its log. */
export class DrillWatch {
  readonly #dataDir: string;
  readonly #wallClock: Clock;
  readonly #startNs: number;
  readonly #story: { -readonly [key in keyof Seen]: Seen[key] }[] = [];
  #timer: CancelTimer | null = null;
  #isLooking = false;
  #status: StatusView | null = null;
  #positions: readonly PositionView[] = [];
  #isReachable = false;
  #stateKey = "";
  #left = 0;
  #naked: Naked = { wallMsMax: 0, venueMsMax: 0 };

  constructor(dataDir: string, wallClock: Clock) {
    this.#dataDir = dataDir;
    this.#wallClock = wallClock;
    this.#startNs = wallClock.monoNs();
  }

  start(): void {
    this.#timer = repeat(this.#wallClock, LOOK_MS, () => void this.#look());
  }

  stop(): void {
    this.#timer?.();
    this.#timer = null;
  }

  /** As it was told last; null: never, or the engine does not answer now. */
  get status(): StatusView | null {
    return this.#isReachable ? this.#status : null;
  }

  get positions(): readonly PositionView[] {
    return this.#positions;
  }

  get naked(): Naked {
    return this.#naked;
  }

  get story(): readonly Seen[] {
    return this.#story;
  }

  /** What of the story had no room. */
  get left(): number {
    return this.#left;
  }

  /** Everything is as it should be: entries are allowed, every pair is ready, every position has its stop. */
  get isSound(): boolean {
    const { status } = this;
    return status?.account?.state === "ACTIVE" && this.#isWhole(status);
  }

  #isWhole({ feed, account }: StatusView): boolean {
    return (
      account?.unknownOrders === 0 &&
      feed.ready === feed.pairs &&
      feed.shardsOff === 0 &&
      this.#positions.every(({ guard }) => guard !== "naked")
    );
  }

  /** Halted, and sound in everything else: a person may resume it. Returns why it is halted; null: it is not so. */
  get haltedBy(): readonly string[] | null {
    const { status } = this;
    if (status?.account?.state !== "HALTED" || !this.#isWhole(status)) return null;
    return status.account.reasons.map(({ reason }) => reason);
  }

  hearLine({ level, msg, state, reasons }: DrillLine): void {
    if (level !== "warn" && level !== "error" && level !== "fatal") return;
    const detail =
      state === undefined ? "" : `: ${state}${reasons?.length ? ` (${reasons.join(", ")})` : ""}`;
    this.tell("log", `${level}: ${msg}${detail}`);
  }

  /** Adds to the story; what is said again right after counts up. */
  tell(by: Seen["by"], text: string): void {
    const atMs = (this.#wallClock.monoNs() - this.#startNs) / 1e6;
    const last = this.#story.findLast((one) => one.by === by && (by !== "log" || one.text === text));
    if (last?.text === text) {
      last.again++;
      last.lastMs = atMs;
      return;
    }
    if (this.#story.length === STORY_MAX) {
      this.#left++;
      return;
    }
    this.#story.push({ atMs, venueMs: this.status?.nowMs ?? null, by, text, again: 0, lastMs: atMs });
  }

  /** Looks once, now; nothing while another look is under way. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const status = await askEngine(this.#dataDir, { request: "status" });
      const { positions } = await askEngine(this.#dataDir, { request: "positions" });
      const { metrics } = await askEngine(this.#dataDir, { request: "metrics" });
      this.#take(status, positions, metrics);
    } catch (error) {
      if (!(error instanceof SmcqError)) throw error;
      if (this.#isReachable) this.tell("state", `the engine does not answer: ${errorMessage(error)}`);
      this.#isReachable = false;
    } finally {
      this.#isLooking = false;
    }
  }

  #take(status: StatusView, positions: readonly PositionView[], metrics: readonly MetricView[]): void {
    const { account, feed } = status;
    this.#isReachable = true;
    this.#status = status;
    const bare = positions.filter(({ guard }) => guard === "naked").map(({ symbol }) => symbol);
    const had = this.#positions.some(({ guard }) => guard === "naked");
    this.#positions = positions;
    if (bare.length > 0) this.tell("guard", `without a confirmed stop: ${bare.join(", ")}`);
    else if (had) this.tell("guard", "every position has its stop");
    const reasons = account?.reasons.map(({ reason }) => reason) ?? [];
    const state = `${account?.state ?? "no account"}${reasons.length > 0 ? ` (${reasons.join(", ")})` : ""}`;
    const text = `${state}, ${feed.ready} of ${feed.pairs} pairs ready, ${positions.length} positions`;
    // How many are held, and how far a start has come, moves all the time; the state is what is told.
    const key = `${state} ${feed.ready === feed.pairs}`;
    if (key !== this.#stateKey) this.tell("state", text);
    this.#stateKey = key;
    const longest = (clock: string): number =>
      metrics.find(({ name, labels }) => name.endsWith("position_naked_ms") && labels["clock"] === clock)
        ?.durations?.msMax ?? 0;
    this.#naked = {
      wallMsMax: Math.max(this.#naked.wallMsMax, longest("wall")),
      venueMsMax: Math.max(this.#naked.venueMsMax, longest("venue")),
    };
  }
}
