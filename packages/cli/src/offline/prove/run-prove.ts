import type { Scorer, TradePlanParameters } from "@smcq/features";
import { BAR_FIELDS, SmcqError } from "@smcq/kernel";
import type { BarSource } from "../dataset/bar-source.ts";
import { tickSizesOf } from "../dataset/tick-sizes.ts";
import { textTable } from "../ledger/answer/text-table.ts";
import { enginePipeline } from "./pipeline.ts";
import { type Check, proveSeries } from "./prove-series.ts";

export interface ProveOptions {
  readonly sources: readonly BarSource[];
  readonly scorer: Scorer;
  readonly plan: TradePlanParameters;
  /** File of rules by symbol, or the venue's exchangeInfo document; null: the bundled one where entries rest, else none. */
  readonly instruments: string | null;
  readonly seed: number;
}

/** The checks of one symbol's bars. */
export interface ProvedSeries {
  readonly symbol: string;
  readonly bars: number;
  readonly checks: readonly Check[];
}

/** Proves the engine on the bars of each symbol: it looks at nothing that comes, and finds nothing in nothing. */
export async function runProve({
  sources,
  scorer,
  plan,
  instruments,
  seed,
}: ProveOptions): Promise<ProvedSeries[]> {
  const proved: ProvedSeries[] = [];
  const symbols = [...new Set(sources.map((source) => source.symbol))];
  const tickSizes = tickSizesOf({ plan, instruments }, symbols);
  for (const [index, symbol] of symbols.entries()) {
    const tickSize = tickSizes[index] as number;
    const bars = await barsOf(sources.filter((source) => source.symbol === symbol));
    proved.push({
      symbol,
      bars: bars.length / BAR_FIELDS,
      checks: proveSeries(enginePipeline({ scorer, plan, tickSize }), bars, seed),
    });
  }
  return proved;
}

/** All bars of one symbol's sources, which are in order of time. */
async function barsOf(sources: readonly BarSource[]): Promise<Float64Array> {
  const parts: Float64Array[] = [];
  let lastMs = -Infinity;
  for (const source of sources)
    for await (const { bars, count } of source.bars()) {
      if ((bars[0] as number) <= lastMs)
        throw new SmcqError("KLINES_OVERLAP", `${source.name} overlaps the file before it in time`, {
          context: { file: source.name },
        });
      lastMs = bars[(count - 1) * BAR_FIELDS] as number;
      parts.push(bars.slice(0, count * BAR_FIELDS));
    }
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function isProved(proved: readonly ProvedSeries[]): boolean {
  return proved.every(({ checks }) => checks.every(({ isPassed }) => isPassed));
}

/** The checks for eyes, a table a symbol. */
export function proveText(proved: readonly ProvedSeries[]): string {
  const tables = proved.map(
    ({ symbol, bars, checks }) =>
      `${symbol}, ${bars} bars\n${textTable(
        [{ name: "check" }, { name: "" }, { name: "found" }],
        checks.map(({ name, isPassed, text }) => [name, isPassed ? "ok" : "FAILED", text]),
      )}\n`,
  );
  const verdict = isProved(proved) ? "nothing looks ahead\n" : "SOMETHING LOOKS AHEAD: believe no result\n";
  return [...tables, verdict].join("");
}
