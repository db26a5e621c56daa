import { HistoryStore, readKlinesCsv, StoredRows, type TimeRange } from "@smcq/history";
import { errorMessage, SmcqError } from "@smcq/kernel";
import type { BarSource } from "../offline/dataset/bar-source.ts";
import {
  labelledSymbol,
  type LabelledSymbol,
  type LabelTask,
} from "../offline/walkforward/labelled-symbol.ts";

/** A symbol whose files are read here; those with a range are months of the store in `folder`. */
export interface LabelThreadTask extends Omit<LabelTask, "sources"> {
  readonly folder: string;
  readonly files: readonly {
    readonly name: string;
    readonly path: string;
    readonly range: TimeRange | null;
  }[];
}

export type LabelOutcome =
  | { readonly type: "labelled"; readonly labelled: LabelledSymbol }
  | { readonly type: "refused"; readonly code: string; readonly message: string };

/** A thread's only task. */
export async function labelSymbol({ folder, files, ...task }: LabelThreadTask): Promise<LabelOutcome> {
  const store = new HistoryStore(folder);
  const { symbol } = task;
  const sources = files.map(({ name, path, range }): BarSource => {
    const bars = (): ReturnType<BarSource["bars"]> =>
      range === null
        ? readKlinesCsv(path)
        : new StoredRows(store, { kind: "bars", symbol, ...range }).batches();
    return { name, symbol, sha256: null, bars };
  });
  try {
    return { type: "labelled", labelled: await labelledSymbol({ ...task, sources }) };
  } catch (error) {
    if (!(error instanceof SmcqError)) throw error;
    return { type: "refused", code: error.code, message: errorMessage(error) };
  }
}
