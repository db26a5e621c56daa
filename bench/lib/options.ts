import { parseArgs } from "node:util";

export const PARTS = ["micro", "history", "model", "pipeline", "steady", "memory", "gc"] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Fewer sizes and rounds: the whole bench within two minutes. */
  readonly isQuick: boolean;
  readonly outDir: string;
  readonly rounds: number;
}

export const USAGE = `usage: pnpm run bench [${PARTS.join("|")}|all]... [--quick] [--out DIR]`;

/** Reads the command line; throws an error with the usage on anything unknown. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false }, out: { type: "string" } },
  });
  const named = positionals.length === 0 || positionals.includes("all") ? PARTS : positionals;
  const unknown = named.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new TypeError(`unknown part ${unknown.join(", ")}\n${USAGE}`);
  return {
    parts: PARTS.filter((part) => named.some((name) => name === part)),
    isQuick: values.quick,
    outDir: values.out ?? new URL("../results", import.meta.url).pathname,
    rounds: values.quick ? 3 : 7,
  };
}
