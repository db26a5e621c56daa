import type { TestProjectInlineConfiguration } from "vitest/config";

const source = "@smcq/source";

export interface SourceProjectOptions {
  readonly name: string;
  readonly include: string[];
  readonly exclude?: string[];
  readonly serial?: boolean;
  readonly timeoutMs?: number;
}

/** A vitest project that runs the `.ts` sources, in worker threads started by the code under test too. */
export function sourceProject(options: SourceProjectOptions): TestProjectInlineConfiguration {
  const serial = options.serial ?? false;
  const timeoutMs = options.timeoutMs ?? (serial ? 120_000 : 20_000);
  return {
    resolve: { conditions: [source] },
    ssr: { resolve: { conditions: [source], externalConditions: [source] } },
    test: {
      name: options.name,
      include: options.include,
      exclude: ["**/node_modules/**", "**/dist/**", ...(options.exclude ?? [])],
      pool: "forks",
      fileParallelism: !serial,
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      // Worker threads started by the code under test inherit this and load the .ts sources.
      execArgv: [`--conditions=${source}`],
    },
  };
}
