import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { HeuristicScorer } from "@smcq/features";
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
  const honest = enginePipeline(new HeuristicScorer());
  let bars: Float64Array;
  beforeAll(() => {
    const [, ...lines] = gunzipSync(readFileSync(FIXTURE)).toString().trim().split(/\r?\n/);
    bars = Float64Array.from(lines.slice(0, ROWS).flatMap((line) => line.split(",").slice(0, 6).map(Number)));
  });
  /** What moves with bars that had not come. */
  const moved = (pipeline: Pipeline): Move[] => {
    const proved = { bars, seen: pipeline.scan(bars), rng: new Rng(7) };
    return [...prefixMoves(pipeline, proved), ...futureMoves(pipeline, proved)];
  };

  it("sees nothing of the engine move", () => {
    expect(moved(honest)).toEqual([]);
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
    expect(meanOf(twice)?.error).toBeCloseTo(meanOf(results)?.error ?? 0, 12);
    expect(meanOf(results.slice(0, 19))).toBeNull();
  });
});
