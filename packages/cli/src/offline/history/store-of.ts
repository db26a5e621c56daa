import { join } from "node:path";
import { HistoryStore, type Kind } from "@smcq/history";
import { didYouMean, SmcqError } from "@smcq/kernel";

/** The store in a data folder. */
export function storeOf(dataDir: string): HistoryStore {
  return new HistoryStore(join(dataDir, "history"));
}

/** Symbols as a flag names them: `A,B`, or null for `all`. USAGE_SYMBOLS: none, or one twice. */
export function namedSymbols(text: string): readonly string[] | null {
  if (text === "all") return null;
  const symbols = text.split(",").map((symbol) => symbol.trim());
  const twice = symbols.find((symbol, at) => symbols.indexOf(symbol) !== at);
  if (symbols.includes(""))
    throw new SmcqError(
      "USAGE_SYMBOLS",
      `--symbols ${JSON.stringify(text)}: must be all, or names parted by commas`,
    );
  if (twice !== undefined) throw new SmcqError("USAGE_SYMBOLS", `--symbols names ${twice} twice`);
  return symbols;
}

/** Those symbols, or all that are stored; HISTORY_EMPTY: nothing is stored (of a named one). */
export function storedSymbols(
  store: HistoryStore,
  kind: Kind,
  named: readonly string[] | null,
): readonly string[] {
  const stored = store.symbols(kind);
  const lacking = named?.find((symbol) => !stored.includes(symbol));
  if (lacking !== undefined)
    throw new SmcqError(
      "HISTORY_EMPTY",
      `${store.folder} holds no ${kind} of ${lacking}${didYouMean(lacking, (guess) => stored.includes(guess))}; smcq data fetch brings them`,
    );
  if (stored.length === 0)
    throw new SmcqError("HISTORY_EMPTY", `${store.folder} holds no ${kind}; smcq data fetch brings them`);
  return named === null ? stored : named.toSorted();
}
