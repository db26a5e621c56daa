import { parseArgs } from "node:util";

export const PARTS = [
  "micro",
  "history",
  "model",
  "pipeline",
  "steady",
  "memory",
  "gc",
  "trading",
  "store",
] as const;
/** Parts that need something more than this tree, or measure what changes seldom, and are run only by name. */
const PARTS_BY_NAME = ["guests", "jobs", "against"] as const;
export type Part = (typeof PARTS)[number] | (typeof PARTS_BY_NAME)[number];
const EVERY_PART: readonly Part[] = [...PARTS, ...PARTS_BY_NAME];

export interface BenchOptions {
  readonly parts: readonly Part[];
  /** Fewer sizes and rounds: the whole bench within two minutes. */
  readonly isQuick: boolean;
  /** The part `store` at its full size: a year of 300 symbols, a few minutes and a gigabyte of disk. */
  readonly isWhole: boolean;
  readonly outDir: string;
  readonly rounds: number;
  /** Another checkout of this project, built, for the part `against`. */
  readonly baseDir: string | null;
}

export const USAGE = `usage: pnpm run bench [${PARTS.join("|")}|all]... [--quick] [--out DIR]
       pnpm run bench store --whole [--out DIR]
       pnpm run bench guests|jobs [--quick] [--out DIR]
       pnpm run bench against --base DIR [--quick] [--out DIR]`;

/** Reads the command line; throws an error with the usage on anything unknown. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      whole: { type: "boolean", default: false },
      out: { type: "string" },
      base: { type: "string" },
    },
  });
  const named = positionals.length === 0 || positionals.includes("all") ? PARTS : positionals;
  const unknown = named.filter((name) => !EVERY_PART.some((part) => part === name));
  if (unknown.length > 0) throw new TypeError(`unknown part ${unknown.join(", ")}\n${USAGE}`);
  const isAgainst = named.some((name) => name === "against");
  if (isAgainst !== (values.base !== undefined))
    throw new TypeError(`the part against and --base DIR go together\n${USAGE}`);
  return {
    parts: EVERY_PART.filter((part) => named.some((name) => name === part)),
    isQuick: values.quick,
    isWhole: values.whole,
    outDir: values.out ?? new URL("../results", import.meta.url).pathname,
    rounds: values.quick ? 3 : 7,
    baseDir: values.base ?? null,
  };
}
