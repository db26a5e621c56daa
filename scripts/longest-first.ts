import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest files of the suite, longest first; a fresh clone has no times of an earlier run to sort by. */
const LONGEST: readonly string[] = [
  "cli/test/processes/engine-crashes",
  "cli/test/simulation/fault-run",
  "cli/test/processes/engine-control",
  "cli/test/sockets/wire-faults",
  "cli/test/processes/engine-process",
  "cli/test/world/world.property",
  "cluster/test/threads/coordinator",
  "cli/test/threads/backtest",
  "exchange-binance/test/sockets/feed-conformance",
  "binance-sim/test/sockets/faults",
  "cluster/test/threads/model-threads",
  "cli/test/threads/sweep",
];

function rank({ moduleId }: TestSpecification): number {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
  return at === -1 ? LONGEST.length : at;
}

/** Starts the long files first, so that no long one runs alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
