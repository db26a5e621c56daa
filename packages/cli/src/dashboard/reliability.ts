import type { JournaledRun, RecordReader } from "@smcq/ledger";
import { OutcomeBins } from "@smcq/model-life";
import { TRADES_MIN } from "../offline/report/expectancy.ts";

/** Trades that are counted at most: the newest of the run. */
export const COUNTED_TRADES_MAX = 100_000;

/** How often the scores of a run's closed trades came true after costs, by bins; adopted positions have no score. */
export function askReliability(reader: RecordReader, run: JournaledRun): Readonly<Record<string, unknown>> {
  const filter = { symbol: null, sinceMs: null, untilMs: null, kind: null };
  const { rows, total } = reader.trades({ runKey: run.runKey, ...filter, limit: COUNTED_TRADES_MAX });
  const bins = new OutcomeBins();
  let counted = 0;
  for (const { score, pnlE8 } of rows) {
    if (score === null) continue;
    bins.add(score, pnlE8 > 0n);
    counted++;
  }
  return {
    run: run.runId,
    scorer: run.scorerId,
    total,
    counted,
    tradesMin: TRADES_MIN,
    bins: bins.bins(),
  };
}
