import { FEED_COUNTER_COUNT, FeedCounter } from "@smcq/exchange";
import { silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { main } from "../src/cli.ts";
import { ledgerTeller } from "../src/run/run-ledger.ts";
import type { ModelReport } from "../src/output/model-report.ts";
import { minuteFields, minuteText } from "../src/output/minute-line.ts";
import { prettyLine } from "../src/output/pretty.ts";

const HEALTH = {
  symbols: 297,
  ready: 297,
  m5Ready: 297,
  short: 0,
  warming: 0,
  shardsRunning: 8,
  shardsOff: 0,
  shardRestarts: 0,
  scanRestarts: 0,
  scansInFlight: 0,
  signalsLost: 0,
  trading: null,
  suppressed: 0,
  feedStale: 0,
  inboxDropped: 0,
  model: {
    model: "heuristic-1",
    modelStatus: "heuristic",
    sizeFactor: 1,
    isModelExpired: false,
    health: null,
    challenger: null,
    shadowBarsLeft: 0,
  } satisfies ModelReport as ModelReport,
};

function fields(health: Partial<typeof HEALTH>): Readonly<Record<string, unknown>> {
  const report = {
    minuteMs: Date.UTC(2026, 10, 20, 10, 41),
    minutes: 1,
    barsClosed: 296,
    barsExpected: 297,
    latencyP50Us: 1_234,
    latencyP99Us: 4_000,
    latencyUsMax: 5_000,
    feed: new Float64Array(FEED_COUNTER_COUNT),
    rebuilds: 0,
    tornReads: 0,
  };
  report.feed[FeedCounter.Gaps] = 2;
  return minuteFields(report, { candidates: 3, aboveScoreMin: 1, bestScore: 0.7 }, { ...HEALTH, ...health });
}

describe("the minute line", () => {
  it("names its minute so that lines sort, and all of what is not watched", () => {
    expect(fields({})).toMatchObject({ minute: "2026-11-20T10:41Z", barsClosed: 296, gaps: 2, shardsOff: 0 });
    expect(minuteText(fields({}))).toMatch(/^2026-11-20T10:41Z \| bars 296\/297 \|.*\| gaps 2$/);
    expect(minuteText(fields({ shardsOff: 1, warming: 4 }))).toMatch(/gaps 2, warming 4, shardsOff 1$/);
  });
});

describe("text for eyes", () => {
  it("lets no control character of a venue's text reach the terminal", () => {
    const line = JSON.stringify({
      level: "warn",
      time: "2026-11-20T10:41:00.000Z",
      msg: "x",
      symbol: "\u001b[2J\nFAKE",
    });
    expect(prettyLine(line)).toBe("10:41:00.000 ! x  symbol=\\u001b[2J\\u000aFAKE\n");
  });
});

describe("the ledger's events", () => {
  it("are told in words, and losses after its death are left to the minute line", () => {
    const lines: string[] = [];
    const tell = ledgerTeller({ ...silentLogger, error: (_fields, text) => void lines.push(text) });
    tell({ type: "lost", signalCount: 3, code: "LEDGER_DISK_FULL", message: "full" });
    tell({ type: "dead", code: "LEDGER_THREAD_DEAD", message: "gone" });
    for (let batch = 0; batch < 100; batch++)
      tell({ type: "lost", signalCount: 1, code: "LEDGER_NOT_OPEN", message: "dead" });
    expect(lines).toHaveLength(2);
    expect(minuteText(fields({ signalsLost: 103 }))).toMatch(/signalsLost 103$/);
  });
});

describe("flags", () => {
  const write = process.stdout.write.bind(process.stdout);

  /** What `smcq config` prints for these flags. */
  async function settings(...flags: readonly string[]): Promise<string> {
    let printed = "";
    process.stdout.write = ((text: string, done?: () => void) => {
      printed += text;
      done?.();
      return true;
    }) as typeof process.stdout.write;
    try {
      expect(await main(["config", ...flags])).toBe(0);
    } finally {
      process.stdout.write = write;
    }
    return printed.replaceAll(/ +/gu, " ");
  }

  it("--set may be given often and each counts; of any other flag the last one counts", async () => {
    const text = await settings(
      "--set",
      "seed=7",
      "--set",
      "sim.symbols=5",
      "--shards",
      "2",
      "--shards",
      "3",
    );
    expect(text).toContain("seed 7 flag");
    expect(text).toContain("sim.symbols 5 flag");
    expect(text).toContain("shards 3 flag");
  });
});
