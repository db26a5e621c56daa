import type { Rng } from "@smcq/kernel";
import { encodeBatch } from "../../src/batch.ts";
import type { LedgerStore } from "../../src/store.ts";
import { runRecord, signals } from "../signals.ts";

import { type Recorded, rowsOf } from "./journaled.ts";

export { runRecord };

/** Journal rows of one write at most. */
const PIECE_ROWS_MAX = 40;

/** A run as it comes into a file: pieces of random size, signals between them, and what comes of models. */
export function* written(
  store: LedgerStore,
  runId: string,
  recorded: readonly Recorded[],
  rng: Rng,
): Generator<number> {
  store.beginRun(runRecord(runId));
  const rows = rowsOf(recorded);
  let batch = 0;
  for (let at = 0; at < rows.length;) {
    const part = rows.slice(at, at + 1 + rng.int(PIECE_ROWS_MAX)).map(({ row }) => row);
    const isAwaited = rng.chance(0.3);
    store.appendJournal({ runId, rows: part, isFull: false, isAwaited });
    at += part.length;
    // Whoever reads now finds rows whose tables are not made yet.
    if (isAwaited) yield at;
    if (isAwaited) store.makeTables(runId);
    if (rng.chance(0.2)) store.appendBatch(runId, ++batch, encodeBatch(signals(1 + rng.int(3), rng)));
    if (rng.chance(0.05)) {
      store.noteModel(runId, { atMs: at, kind: "health", modelId: "m", detailJson: '{"drift":0.1}' });
    }
    yield at;
  }
}
