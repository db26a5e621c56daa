import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HeuristicScorer, M1_SCALP } from "@smcq/features";
import { beforeAll, describe, expect, it } from "vitest";
import { openKlineFiles } from "../src/offline/dataset/bar-source.ts";
import { enginePipeline, type Pipeline } from "../src/offline/prove/pipeline.ts";
import { proveSeries } from "../src/offline/prove/prove-series.ts";
import { isProved, runProve } from "../src/offline/prove/run-prove.ts";
import { LEAKS } from "./support/leaks.ts";

const SHARED = join(
  process.env["SMCQ_SHARED"] ?? join(import.meta.dirname, "../../../../shared"),
  "data/klines",
);
const SERIES = ["ALGOUSDT", "BTCUSDT", "DOGEUSDT", "XMRUSDT", "FILUSDT"];
const ROWS = 20_000;

const isThere = existsSync(SHARED);
if (!isThere) console.warn(`shared data not found (${SHARED}): nothing is proved on real series`);

function fileOf(symbol: string): string {
  return join(SHARED, readdirSync(SHARED).find((name) => name.startsWith(symbol)) ?? "");
}

describe.skipIf(!isThere)("smcq prove on real series", () => {
  const honest = enginePipeline({ scorer: new HeuristicScorer(), plan: M1_SCALP, tickSize: 0 });
  let bars: Float64Array;
  beforeAll(async () => {
    const [source] = await openKlineFiles([fileOf("DOGEUSDT")]);
    const numbers: number[] = [];
    for await (const batch of source?.bars() ?? []) numbers.push(...batch.bars.subarray(0, batch.count * 6));
    bars = Float64Array.from(numbers.slice(0, ROWS * 6));
  });

  it.each(SERIES)("finds nothing wrong with the engine: %s", async (symbol) => {
    const proved = await runProve({
      sources: await openKlineFiles([fileOf(symbol)]),
      scorer: new HeuristicScorer(),
      plan: M1_SCALP,
      instruments: null,
      seed: 1,
    });
    const failed = proved.flatMap(({ checks }) => checks.filter(({ isPassed }) => !isPassed));
    expect(failed).toEqual([]);
    expect(isProved(proved)).toBe(true);
  });

  const failedNames = (pipeline: Pipeline): string[] =>
    proveSeries(pipeline, bars, 3).flatMap(({ name, isPassed }) => (isPassed ? [] : [name]));

  it.each(Object.entries(LEAKS))("finds a planted leak: %s", (_, plant) => {
    expect(failedNames(plant(honest))).not.toEqual([]);
  });

  it("finds a better fill where sides are random", () => {
    const plant = LEAKS["the entry fills at the bar's best price"] as (own: Pipeline) => Pipeline;
    expect(failedNames(plant(honest))).toContain("random walk, random sides");
  });
});
