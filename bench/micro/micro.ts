import type { Calibration } from "../lib/calibration.ts";
import type { MicroContext } from "./micro-context.ts";
import type { BenchOptions } from "../lib/options.ts";
import type { PartRecorder } from "../lib/results.ts";
import { benchDetector } from "./detector.ts";
import { benchFeatureSets } from "./feature-sets.ts";
import { benchHandshakes } from "./handshakes.ts";
import { benchHops } from "./hops.ts";
import { benchParse } from "./parse.ts";
import { benchRing } from "./ring.ts";

/** The small costs that the pipeline is made of (docs/performance.md section 2), each against its rival. */
export async function runMicro(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const context: MicroContext = {
    calibration,
    rounds: options.rounds,
    msPerMeasurement: options.isQuick ? 30 : 120,
  };
  await benchParse(context, recorder);
  await benchRing(context, recorder);
  await benchDetector(context, recorder);
  await benchFeatureSets(context, recorder);
  await benchHops(context, recorder);
  await benchHandshakes(context, recorder);
}
