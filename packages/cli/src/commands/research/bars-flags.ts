import { SmcqError } from "@smcq/kernel";
import type { TimeRange } from "@smcq/history";
import type { Options } from "yargs";
import { type BarSource, openKlineFiles } from "../../offline/dataset/bar-source.ts";
import { openStoredMonths } from "../../offline/dataset/stored-months.ts";
import { namedSymbols, storedSymbols, storeOf } from "../../offline/history/store-of.ts";

const TEXT = { type: "string", requiresArg: true } as const;

/** Flags that say on which bars: files, or the store. */
export const BARS_FLAGS: Readonly<Record<"klines" | "symbols", Options>> = {
  klines: {
    ...TEXT,
    array: true,
    describe: "files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip",
  },
  symbols: {
    ...TEXT,
    describe: "bars of the store (smcq data): all, or names parted by commas; instead of --klines",
  },
};

/** Opens what the flags say; a range counts for stored bars. `code` is that of the refusal. */
export async function barsOf(
  args: Readonly<Record<string, unknown>>,
  { dataDir, range, code }: { readonly dataDir: string; readonly range: TimeRange; readonly code: string },
): Promise<readonly BarSource[]> {
  const { klines, symbols } = args;
  if ((klines === undefined) === (symbols === undefined))
    throw new SmcqError(code, "either --klines FILES.. or --symbols all|A,B (of the store) is needed");
  if (symbols === undefined) return await openKlineFiles((klines as readonly unknown[]).map(String));
  const store = storeOf(dataDir);
  const named = storedSymbols(store, "bars", namedSymbols(symbols as string));
  return await openStoredMonths({ store, symbols: named, ...range });
}
