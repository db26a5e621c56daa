import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { HeuristicScorer, M1_SCALP, type TradePlanParameters } from "@smcq/features";
import { Rng } from "@smcq/kernel";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../src/cli.ts";
import { futureMoves, type Move, prefixMoves } from "../src/offline/prove/causality.ts";
import { meanOf } from "../src/offline/prove/nothing.ts";
import { enginePipeline, type Pipeline } from "../src/offline/prove/pipeline.ts";
import { captureOutput } from "./support/capture-output.ts";
import { LEAKS } from "./support/leaks.ts";

const FIXTURE = join(import.meta.dirname, "../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const ROWS = 2_500;

describe("smcq prove", () => {
  const honest = enginePipeline({ scorer: new HeuristicScorer(), plan: M1_SCALP, tickSize: 0 });
  let bars: Float64Array;
  /** All of the fixture: M5 needs five times the bars. */
  let long: Float64Array;
  beforeAll(() => {
    const [, ...lines] = gunzipSync(readFileSync(FIXTURE)).toString().trim().split(/\r?\n/);
    long = Float64Array.from(lines.flatMap((line) => line.split(",").slice(0, 6).map(Number)));
    bars = long.slice(0, ROWS * 6);
  });
  /** What moves with bars that had not come. */
  const moved = (pipeline: Pipeline, of = bars): Move[] => {
    const proved = { bars: of, seen: pipeline.scan(of), rng: new Rng(7) };
    return [...prefixMoves(pipeline, proved), ...futureMoves(pipeline, proved)];
  };

  it("sees nothing of the engine move", () => {
    expect(moved(honest)).toEqual([]);
  });

  const slow: TradePlanParameters = { ...M1_SCALP, name: "m5", timeframe: "M5", holdBarsMax: 24 };
  const resting: TradePlanParameters = {
    ...M1_SCALP,
    name: "rests",
    entry: { kind: "limit", offsetAtr: 0.1, expiryBars: 5 },
    target: "maker",
  };
  it.each([slow, resting])(
    "sees nothing of plan $name move, and its trades are its plans bar by bar",
    (plan) => {
      const pipeline = enginePipeline({ scorer: new HeuristicScorer(), plan, tickSize: 0.0001 });
      const own = plan === slow ? long : bars;
      expect(moved(pipeline, own)).toEqual([]);
      const { trades, invalidationPrices, atrs, candidates } = pipeline.scan(own);
      expect(trades.length).toBeGreaterThan(2);
      for (const { bar, side, grossR } of trades) {
        const basis = { invalidationPrice: invalidationPrices[bar]!, atr: atrs[bar]! };
        expect(pipeline.follow(own, { bar, side, ...basis, delayBars: 0 })).toBeCloseTo(grossR, 12);
      }
      const minutes = trades.map(({ bar }) => (own[bar * 6]! / 60_000 + 1) % pipeline.barMinutes);
      expect(new Set(minutes)).toEqual(new Set([0]));
      const raised = candidates.filter((code) => code !== 0).length;
      expect(raised).toBeGreaterThanOrEqual(trades.length);
    },
  );

  it("finds a leak of the next bar of M5 too", () => {
    const pipeline = enginePipeline({ scorer: new HeuristicScorer(), plan: slow, tickSize: 0 });
    const plant = LEAKS["a feature of the next close"] as (own: Pipeline) => Pipeline;
    expect(moved(plant(pipeline))).not.toEqual([]);
  });

  // Those that change what is seen; fills, and all of them on real series, in the long test.
  const seen = Object.entries(LEAKS).filter(([name]) => !name.startsWith("the entry fills"));
  it.each(seen)("finds a planted leak: %s", (_, plant) => {
    expect(moved(plant(honest))).not.toEqual([]);
  });

  it("says what moved, where, and by which bars", () => {
    const plant = LEAKS["a centred moving average"] as (pipeline: Pipeline) => Pipeline;
    const [first] = moved(plant(honest));
    expect(first).toMatchObject({ column: "features" });
    // Two bars ahead are known: the last two before the cut.
    expect((first?.cut ?? 0) - (first?.bar ?? 0)).toBe(2);
  });
});

describe("the command", () => {
  it("prints a table a symbol and ends with 0, and refuses a wrong seed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "smcq-prove-"));
    const output = captureOutput();
    try {
      const file = join(folder, "ALGOUSDT-1m-fixture.csv");
      writeFileSync(
        file,
        gunzipSync(readFileSync(FIXTURE)).toString().split("\n").slice(0, 2_000).join("\n"),
      );
      expect(await main(["prove", "--klines", file])).toBe(0);
      expect(output.printed()).toMatch(/^ALGOUSDT, 1999 bars$/m);
      expect(output.printed()).toMatch(/^nothing looks ahead$/m);
      expect(await main(["prove", "--klines", file, "--plan", "m1-wider"])).toBe(3);
      expect(output.said()).toContain("there are m1-scalp, m1-wide");
      expect(await main(["prove", "--klines", file, "--seed", "-1"])).toBe(2);
      expect(output.said()).toMatch(/--seed -1: must be a whole number, 0 to/);
    } finally {
      vi.restoreAllMocks();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a mean that may be nothing", () => {
  it("counts plans of the same hold once", () => {
    const results = Array.from({ length: 40 }, (_, k) => ({ bar: 120 * k, r: k % 2 === 0 ? 1 : -1 }));
    const twice = results.flatMap(({ bar, r }) => [
      { bar, r },
      { bar: bar + 5, r },
    ]);
    expect(meanOf(twice, 120)?.error).toBeCloseTo(meanOf(results, 120)?.error ?? 0, 12);
    expect(meanOf(results.slice(0, 19), 120)).toBeNull();
  });
});
