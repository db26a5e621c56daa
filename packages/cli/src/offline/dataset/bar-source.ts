import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { errorCode, errorMessage, SmcqError, symbolGuesses } from "@smcq/kernel";
import { readKlinesCsv } from "@smcq/history";
import type { KlineBatch, ReadKlinesOptions, TimeRange } from "@smcq/history";

/** Bars of one symbol from one place, ascending. */
export interface BarSource {
  /** The file's name without its folder. */
  readonly name: string;
  readonly symbol: string;
  /** Of the file's bytes; null when there is no file. */
  readonly sha256: string | null;
  /** The file, and what counts of it (null: all); absent where there is none. */
  readonly place?: { readonly path: string; readonly range: TimeRange | null };
  bars(): AsyncIterable<KlineBatch> | Iterable<KlineBatch>;
}

/** Bars that stand in a file. */
export interface KlineFile extends BarSource {
  readonly path: string;
}

/** The symbol of a kline file: what stands before `-1m-` in its name, as the venue's archive and our own files write it. */
export function symbolOfFile(path: string): string {
  const name = basename(path);
  const symbol = /^([^\s",-]+)-1m-.*\.(?:csv(?:\.gz)?|zip)$/iu.exec(name)?.[1];
  if (symbol !== undefined && symbol === symbol.toUpperCase() && !symbol.includes(".")) return symbol;
  const [, typed = ""] = /^(.+?)[-_ ]+1m(?:[^a-z]|$)/iu.exec(name) ?? [];
  const meant = [typed, ...symbolGuesses(typed)].find((guess) =>
    /^[^-/:._a-z]+USD[TC](?:_\d+)?$/u.test(guess),
  );
  const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
  throw new SmcqError(
    "USAGE_KLINES",
    `${path}: cannot tell the symbol; the name must be SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip, the symbol as the venue writes it${hint}`,
    { context: { file: path } },
  );
}

/** Opens kline files: sorted by symbol, then by their first bar, whatever order they were named in. */
export async function openKlineFiles(
  paths: readonly string[],
  options: ReadKlinesOptions = {},
): Promise<KlineFile[]> {
  const files: { readonly path: string; readonly symbol: string; readonly fromMs: number }[] = [];
  for (const path of paths)
    files.push({ path, symbol: symbolOfFile(path), fromMs: await firstOpenMs(path, options) });
  const sorted = files.toSorted((a, b) => compareText(a.symbol, b.symbol) || a.fromMs - b.fromMs);
  const sources: KlineFile[] = [];
  for (const { path, symbol } of sorted)
    sources.push({
      path,
      name: basename(path),
      symbol,
      sha256: await sha256OfFile(path),
      place: { path, range: null },
      bars: () => readKlinesCsv(path, options),
    });
  return sources;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

async function firstOpenMs(path: string, { roundingRatio }: ReadKlinesOptions): Promise<number> {
  const options = roundingRatio === undefined ? {} : { roundingRatio };
  for await (const { bars } of readKlinesCsv(path, options)) return bars[0] as number;
  throw new SmcqError("KLINES_FORMAT", `${path}: the file holds no bars`, { context: { file: path } });
}

const HASHED_BYTES = 65_536;
/** Memory of files that have been hashed, for the next ones: a market's would be tens of megabytes before they were collected. */
const spare: Buffer[] = [];

/** Of the file's bytes, in hex; KLINES_READ when they cannot be read. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const memory = spare.pop() ?? Buffer.allocUnsafeSlow(HASHED_BYTES);
  try {
    const file = await open(path);
    try {
      for (;;) {
        const { bytesRead } = await file.read(memory, 0, HASHED_BYTES);
        if (bytesRead === 0) break;
        hash.update(memory.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new SmcqError("KLINES_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  } finally {
    spare.push(memory);
  }
  return hash.digest("hex");
}
