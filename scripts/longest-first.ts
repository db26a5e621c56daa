import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The longest files of the suite, longest first; a fresh clone has no times of an earlier run to sort by. */
const LONGEST: readonly string[] = [
  "cli/test/simulation/fault-run",
  "exchange-binance/test/sockets/feed-conformance",
  "cli/test/processes/engine-crashes",
  "cli/test/processes/engine-process",
  "cluster/test/threads/coordinator",
  "cli/test/processes/model-reload",
  "cli/test/processes/engine-refusals",
  "binance-sim/test/sockets/faults",
  "binance-sim/test/sockets/sockets",
  "wire/test/threads/ring-torture",
  "cluster/test/threads/model-threads",
];

function rank({ moduleId, project }: TestSpecification): number {
  const at = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
  if (at !== -1) return at;
  // The short ones of the unit project fill the cores at the end, together: they share their processes.
  return project.config.isolate ? LONGEST.length : LONGEST.length + 1;
}

/** Starts the long files first, across the projects, so that no long one runs alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}
