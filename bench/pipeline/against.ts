import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Calibration } from "../lib/calibration.ts";
import type { BenchOptions } from "../lib/options.ts";
import type { PartRecorder } from "../lib/results.ts";
import { setting } from "./pipeline.ts";
import { recordScenario, runScenario } from "./scenario.ts";

const PLACES = [
  { symbols: 300, shards: 2 },
  { symbols: 300, shards: 8 },
  { symbols: 600, shards: 2 },
] as const;

/**
 * This tree against another checkout (`--base DIR`, installed and built) over the same venue, in one run, in turns: the
 * base, the base again (A/A), this tree. Ratios are to the base, inside a round.
 */
export async function runAgainst(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const baseDir = resolve(options.baseDir ?? ".");
  if (!existsSync(join(baseDir, "packages/cli/dist/main.js")))
    throw new TypeError(`${baseDir}: no built checkout (pnpm install && pnpm run build)`);
  let lost = 0;
  for (const place of options.isQuick ? PLACES.slice(0, 1) : PLACES) {
    const runs = await runScenario({
      contenders: [
        setting({ ...place, name: "base", baseDir }),
        setting({ ...place, name: "base again (A/A)", baseDir }),
        setting({ ...place, name: "this tree" }),
      ],
      rounds: options.isQuick ? 7 : 15,
      burstsPerRound: options.isQuick ? 10 : 20,
      warmBursts: options.isQuick ? 60 : 120,
      warmMessages: 100_000,
      calibration,
    });
    const title = `${place.symbols} symbols, ${place.shards} shards`;
    recordScenario(recorder, { id: `against-${place.symbols}-${place.shards}`, title }, runs);
    lost += runs.reduce((sum, { truth }) => sum + truth.lost + truth.doubled + truth.different, 0);
  }
  recorder.check({
    id: "against-closes",
    title: "No close lost, doubled or different, in the base and in this tree",
    isHeld: lost === 0,
    detail: `${lost} in all contenders`,
  });
}
