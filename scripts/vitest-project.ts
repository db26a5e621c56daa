import type { TestProjectInlineConfiguration } from "vitest/config";

const source = "@smcq/source";

/** Node's flags that run the `.ts` sources, in the threads and processes below too. */
const sourceExecArgv: readonly string[] = [
  `--conditions=${source}`,
  `--import=${new URL("compile-cache.mjs", import.meta.url).href}`,
];

export interface SourceProjectOptions {
  readonly name: string;
  readonly include: string[];
  readonly exclude?: string[];
  readonly serial?: boolean;
  /** Tests of a file that run at once, where it says `concurrent`; they mostly wait. */
  readonly maxConcurrency?: number;
  /** False: the files of the project share a few processes; for tests that leave nothing behind in theirs. */
  readonly isolate?: boolean;
  readonly timeoutMs?: number;
}

/** A vitest project that runs the `.ts` sources, in worker threads started by the code under test too. */
export function sourceProject(options: SourceProjectOptions): TestProjectInlineConfiguration {
  const serial = options.serial ?? false;
  const timeoutMs = options.timeoutMs ?? 120_000;
  return {
    resolve: { conditions: [source] },
    ssr: { resolve: { conditions: [source], externalConditions: [source] } },
    test: {
      name: options.name,
      include: options.include,
      exclude: ["**/node_modules/**", "**/dist/**", ...(options.exclude ?? [])],
      pool: "forks",
      fileParallelism: !serial,
      isolate: options.isolate ?? true,
      maxConcurrency: options.maxConcurrency ?? 5,
      // A deadline, not a wait: vitest's own of a second is no time on a busy machine.
      expect: { poll: { timeout: 60_000, interval: 5 } },
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      // Worker threads and processes started by the code under test inherit this and load the .ts sources.
      execArgv: [...sourceExecArgv],
    },
  };
}
