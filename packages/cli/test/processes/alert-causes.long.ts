import { spawnSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ALERT_KINDS, type AlertKind } from "@smcq/alerts";
import { ledgerFile } from "@smcq/ledger";
import { MINUTE_MS, SystemClock } from "@smcq/kernel";
import type { PsiReference } from "@smcq/model-life";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import { AlertSink } from "../../src/drill/alert-sink.ts";
import type { DrillReport } from "../../src/drill/report.ts";
import { modelOf } from "../support/trained-model.ts";
import { MAIN, partsOf, SmcqRun, SOURCE_FLAGS, temporaryFolder, until } from "./engine-run.ts";
import { makeModel } from "./model-fixtures.ts";
import { VenueAccount } from "./venue-account.ts";

/** A cause waits for the market's chances: a signal, an order, a fill. */
const CAUSE_MS_MAX = 300_000;
const EVERYTHING = { severityMin: "info", repeatMs: 0, messagesPerMinuteMax: 60, diskFreeMbMin: 0 };

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

/** A fault of the venue in a drill, and what a person has to hear of it. */
interface FaultCause {
  readonly plan: string;
  readonly lasts: string;
  readonly settings?: readonly string[];
  /** More symbols: an order has to be on its way when it strikes. */
  readonly size?: string;
  readonly kinds: readonly AlertKind[];
}

const ISOLATED = ["risk.marginType=isolated"];
/** What is certain in every drill that holds something. */
const TRADING: readonly AlertKind[] = ["run-begun", "trade-opened"];

const FAULTS: readonly FaultCause[] = [
  { plan: "AC01=0:1h", lasts: "1m", kinds: ["adl", "trade-closed"] },
  {
    plan: "AC02=0:10m",
    lasts: "6m",
    settings: ISOLATED,
    kinds: ["liquidation", "halted-liquidation", "operator-word", "trading-active"],
  },
  { plan: "AC20=0:1m", lasts: "8m", settings: ISOLATED, kinds: ["liquidation-near"] },
  { plan: "AC06=0", lasts: "2m", kinds: ["hedge-mode"] },
  { plan: "AC03=0:1h", lasts: "1m", kinds: ["foreign-order"] },
  { plan: "AC19=0:10m", lasts: "6m", kinds: ["closed-by-others"] },
  { plan: "AC15=0:1h:2m:2", lasts: "3m", kinds: ["account-doubtful"] },
  { plan: "PR16=0:150s", lasts: "6m", kinds: ["reconciliation-difference", "account-stream-lost"] },
  { plan: "EX31=0:25m", lasts: "25m", kinds: ["left-unguarded", "protection-failing", "halted-protection"] },
  { plan: "EX28=1m:10m", lasts: "8m", kinds: ["trading-locked"] },
  { plan: "AC10=0:1h", lasts: "35m", kinds: ["key-refused"] },
  // Neither a stop is taken nor what would leave the position.
  { plan: "EX31=0:25m,EX13=1:10000", lasts: "25m", kinds: ["position-unguarded"] },
  // No word of the venue's time for more than an hour.
  { plan: "NW08=1m:80m", lasts: "75m", size: "--symbols 8", kinds: ["clock-doubtful"] },
  { plan: "NW08=2m:20m", lasts: "20m", size: "--symbols 150", kinds: ["outcome-unknown"] },
];

describe("by a fault of the venue, a person is told of", () => {
  it.each(FAULTS.map((cause) => [cause.kinds.join(", "), cause.plan, cause] as const))(
    "%s (%s)",
    (_, plan, cause) => {
      const { lasts, settings = [], size = "--symbols 60", kinds } = cause;
      const alerts = Object.entries(EVERYTHING).map(([name, value]) => `alerts.${name}=${value}`);
      const sets = [...alerts, ...settings].flatMap((setting) => ["--set", setting]);
      const flags = `${size} --shards 2 --speed 20`.split(" ");
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [
          ...SOURCE_FLAGS,
          MAIN,
          "drill",
          "--ids",
          plan,
          "--lasts",
          lasts,
          "--json",
          ...flags,
          "--data-dir",
          folder.path,
          ...sets,
        ],
        { encoding: "utf8", maxBuffer: 64 * 1_048_576 },
      );
      expect(stdout === "" ? stderr : "").toBe("");
      const { alerts: told } = JSON.parse(stdout) as DrillReport;
      const heard = told.flatMap(({ alerts: own }) => own.map(({ kind }) => kind));
      expect(heard).toEqual(expect.arrayContaining([...TRADING, ...kinds]));
    },
  );
});

/** An engine in sim whose alerts go to a webhook of the test. */
class Told {
  readonly run: SmcqRun;
  readonly dataDir: string;
  readonly #sink: AlertSink;

  private constructor(sink: AlertSink, run: SmcqRun) {
    this.#sink = sink;
    this.run = run;
    this.dataDir = join(folder.path, "var");
  }

  static async start(settings: object, flags: readonly string[], preloads: readonly string[]): Promise<Told> {
    const sink = new AlertSink(new SystemClock());
    const webhook = { url: await sink.listen() };
    const { alerts: own = {}, ...others } = settings as { readonly alerts?: object };
    const alerts = { ...EVERYTHING, channels: ["webhook"], webhook, ...own };
    const file = join(folder.path, "settings.json");
    writeFileSync(file, JSON.stringify({ alerts, ...others }));
    const size = "--shards 2 --symbols 60 --speed 30 --log-format json".split(" ");
    const run = new SmcqRun(
      ["engine", "--config", file, "--data-dir", join(folder.path, "var"), ...size, ...flags],
      { env: { ALERTS_WEBHOOK_SECRET: sink.secret }, preloads },
    );
    const told = new Told(sink, run);
    await run.sees("READY");
    return told;
  }

  /** The run's account as any other client sees it. */
  async account(): Promise<VenueAccount> {
    const { port } = await this.run.sees("simulated venue is up");
    return new VenueAccount(this.dataDir, Number(port));
  }

  async hears(kind: AlertKind): Promise<void> {
    const isHeard = (): boolean =>
      this.#sink.told.some(({ alerts }) => alerts.some((alert) => alert.kind === kind));
    await until(isHeard, `the alert ${kind}`, CAUSE_MS_MAX);
  }

  /** Returns the exit code. */
  async end(): Promise<number | null> {
    this.run.child.kill("SIGTERM");
    const code = await this.run.ends();
    this.#sink.close();
    return code;
  }
}

interface EngineCause {
  readonly kinds: readonly AlertKind[];
  readonly settings?: object;
  readonly flags?: () => readonly string[];
  readonly preloads?: () => readonly string[];
  readonly deed: (told: Told) => Promise<void> | void;
}

const SMALL_LOSSES = { dayLossHalfRatio: 0.0001, dayLossStopRatio: 0.0002, dayLossFlattenRatio: 0.0004 };
/** Where the simulated market of mode sim begins: the bundled bars, and the minutes that every symbol has before READY. */
const SIM_START_MS = Date.UTC(2026, 1, 1) + 2_600 * MINUTE_MS;
const DYING_SHARD = new URL("./dying-shard.mjs", import.meta.url).href;
/** Orders of somebody else, far from the market. */
const FAR_STOP = {
  algoType: "CONDITIONAL",
  type: "STOP_MARKET",
  symbol: "XLMUSDT",
  side: "SELL",
  quantity: 100,
};
const FAR_ORDER = {
  symbol: "XLMUSDT",
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  quantity: 200,
  price: 0.1,
};
const nothing = (): void => {};
const live = (): string => join(folder.path, "live");

const CAUSES: Readonly<Record<string, EngineCause>> = {
  "a word of a person": {
    kinds: ["halted-operator", "operator-word", "trading-active"],
    deed: async ({ dataDir }) => {
      await askEngine(dataDir, { request: "halt" });
      await askEngine(dataDir, { request: "resume" });
    },
  },
  "a disk without the room that is wanted": {
    kinds: ["disk-low"],
    settings: { alerts: { diskFreeMbMin: 1_048_576 } },
    deed: nothing,
  },
  "a day that loses more than its limits": {
    kinds: ["daily-loss-stop", "daily-loss-flatten"],
    settings: { risk: SMALL_LOSSES },
    deed: nothing,
  },
  "a drawdown beyond its limit": {
    kinds: ["halted-drawdown"],
    settings: { risk: { drawdownFreeRatio: 0.0001, drawdownHalfRatio: 0.0002 } },
    deed: nothing,
  },
  "a ledger that somebody else holds": {
    kinds: ["ledger-unsound", "trading-active"],
    deed: async ({ dataDir, run }) => {
      const other = new DatabaseSync(ledgerFile(dataDir), { timeout: 30_000 });
      other.exec("BEGIN IMMEDIATE");
      await run.sees("trading state", run.count("trading state") + 1);
      other.exec("ROLLBACK");
      other.close();
    },
  },
  "an engine that stands still, and is ended by its supervisor": {
    kinds: ["engine-silent"],
    // The supervisor does not wait for one that says nothing: it kills it.
    deed: ({ run }) => void process.kill(partsOf(run).engine, "SIGSTOP"),
  },
  "a new version of the model that is damaged": {
    kinds: ["model-refused"],
    settings: { scan: { modelPollMs: 100 } },
    flags: () => ["--model", `${copied(makeModel("plain", folder.path))}.onnx`],
    deed: () => writeFileSync(`${live()}.onnx`, "no model"),
  },
  "a model whose card says that it has expired": {
    kinds: ["model-expired"],
    // The simulated market's day begins behind the card's last minute but a few.
    flags: () => [
      "--model",
      `${copied(makeModel("plain", folder.path, SIM_START_MS + 10 * MINUTE_MS))}.onnx`,
    ],
    deed: nothing,
  },
  "a market that is not the one of the model's training": {
    kinds: ["model-drifting"],
    // Drift is judged from 500 candidates on.
    flags: () => [
      "--model",
      modelOf(folder.path, [{ fromDay: 10, toDay: 20 }], estranged),
      "--symbols",
      "200",
      "--speed",
      "60",
    ],
    deed: nothing,
  },
  "a thread of the shards that ends again and again": {
    kinds: ["shard-off"],
    preloads: () => [`${DYING_SHARD}?file=${encodeURIComponent(join(folder.path, "END"))}`],
    deed: () => writeFileSync(join(folder.path, "END"), ""),
  },
  "an order of another engine": {
    kinds: ["second-engine"],
    deed: async (told) => {
      const account = await told.account();
      await account.call("POST", "v1/order", { ...FAR_ORDER, newClientOrderId: "zzzzE1-0" });
    },
  },
  "180 stops of others at the venue": {
    kinds: ["stop-slots"],
    deed: async (told) => {
      const account = await told.account();
      for (let at = 0; at < 185; at++)
        await account.call("POST", "v1/algoOrder", { ...FAR_STOP, triggerPrice: 0.1 });
    },
  },
  "an audit that finds another market": {
    kinds: ["audit-parity"],
    deed: async ({ dataDir, run }) => {
      await run.sees("minute", 4);
      const other = ["--mode", "sim", "--symbols", "60", "--seed", "2", "--data-dir", dataDir];
      spawnSync(process.execPath, [...SOURCE_FLAGS, MAIN, "audit", ...other], { stdio: "ignore" });
    },
  },
  "a day that ends": {
    kinds: ["daily-summary"],
    flags: () => ["--symbols", "8", "--speed", "600"],
    deed: nothing,
  },
};

/** A model's files at the place that is watched. */
function copied(from: string): string {
  for (const ext of ["onnx", "card.json", "golden.bin"]) copyFileSync(`${from}.${ext}`, `${live()}.${ext}`);
  return live();
}

/** Bins of other training rows than the market's: the last of each holds nearly all. */
function estranged({ edges, scoreEdges, ...others }: PsiReference): PsiReference {
  const last = (bins: readonly number[]): number[] => [...bins.map(() => 1), 1_000];
  return { ...others, edges, scoreEdges, counts: edges.map(last), scoreCounts: last(scoreEdges) };
}

describe("in a whole engine, a person is told of", () => {
  it.each(Object.entries(CAUSES))("%s", async (_, cause) => {
    const { kinds, settings = {}, flags = () => [], preloads = () => [], deed } = cause;
    const told = await Told.start(settings, flags(), preloads());
    try {
      await deed(told);
      for (const kind of kinds) await told.hears(kind);
      expect(await told.end()).toBe(0);
    } finally {
      if (told.run.child.exitCode === null) told.run.child.kill("SIGKILL");
    }
  });
});

/** What no knob and no deed from outside brings about in a whole run, and where it is shown instead. */
const ELSEWHERE: Readonly<Partial<Record<AlertKind, string>>> = {
  "engine-given-up": "alerts.long.ts, the whole process",
  "alerts-restarted": "alerts.long.ts, the whole process",
  "engine-ended":
    "threads/alerts.test.ts: what the supervisor sees; an engine that ends by itself with an error has said why before",
  test: "threads/alerts.test.ts: smcq alert test",
  "ledger-unreadable": "threads/alerts.test.ts: an engine whose file is made unreadable does not run",
  "ledger-replaced": "threads/alerts.test.ts: no engine runs while its ledger is replaced",
  "ledger-rows-lost":
    "packages/alerts: a disk that takes nothing for hours; the thread's own tests in packages/ledger",
  "alerts-dropped": "packages/alerts: 10,000 alerts that wait",
  "engine-crashed": "drill.long.ts (engine-crash) and alerts.long.ts, the whole process",
  "engine-restarted": "drill.long.ts (engine-crash), the whole process",
  "account-lease": "takeover.long.ts: two whole hosts, and a nats-server that is killed",
  "unknown-symbol": "packages/alerts: an engine asks for the rules of every symbol that it meets",
  "model-rolled-back": "packages/alerts: a model that passes the gate gives probabilities",
  "model-invalid-scores": "packages/alerts: a model that passes the gate gives probabilities",
};

describe("every kind of alert", () => {
  it("is raised by its cause in a whole run, or said to be raised elsewhere, never both", () => {
    const here = [...FAULTS, ...Object.values(CAUSES)].flatMap(({ kinds }) => kinds);
    const told = new Set<AlertKind>([...TRADING, ...here]);
    const missing = ALERT_KINDS.filter((kind) => !told.has(kind) && ELSEWHERE[kind] === undefined);
    expect(missing).toEqual([]);
    expect([...told].filter((kind) => ELSEWHERE[kind] !== undefined)).toEqual([]);
  });
});
