import type { ScoredCandidate, SetupCode } from "@smcq/engine";
import { assert } from "@smcq/kernel";
import {
  createResultRow,
  DetectorStates,
  ResultFlag,
  ResultRingReader,
  type ResultRow,
  type ShardMemory,
} from "@smcq/wire";
import type { SlotTable } from "../memory/slot-table.ts";

/** Names the model of an epoch. */
export type ModelId = (epoch: number) => string;

/** Rows of one task: those with a score, and how many each model gave no probability for: dropped, never traded on. */
export interface DrainedRows {
  readonly candidates: readonly ScoredCandidate[];
  readonly invalid: readonly { readonly epoch: number; readonly rows: number }[];
}

/** Reads the scored rows of one shard; the consuming side of its result ring. */
export class RowDrain {
  readonly #shardId: number;
  readonly #ring: ResultRingReader;
  readonly #states: DetectorStates;
  readonly #slots: SlotTable;
  readonly #modelId: ModelId;
  readonly #row: ResultRow = createResultRow();

  constructor(memory: ShardMemory, slots: SlotTable, modelId: ModelId) {
    this.#shardId = memory.shardId;
    this.#ring = new ResultRingReader(memory.results);
    this.#states = new DetectorStates(memory.states);
    this.#slots = slots;
    this.#modelId = modelId;
  }

  /** Takes the rows of one finished task; rows of a later one stay. */
  take(rows: number): DrainedRows {
    return this.#take(rows, () => true);
  }

  /**
   * After a scan died: takes every published row whose slot was committed behind it. The others will be found again
   * by the next scan.
   */
  salvage(): DrainedRows {
    return this.#take(this.#ring.available, (row) => this.#states.lastScannedMs(row.slot) >= row.openTimeMs);
  }

  #take(rows: number, isWanted: (row: ResultRow) => boolean): DrainedRows {
    const candidates: ScoredCandidate[] = [];
    const invalid = new Map<number, number>();
    for (let ahead = 0; ahead < rows; ahead++) {
      this.#ring.read(ahead, this.#row);
      const entry = this.#slots.at(this.#shardId, this.#row.slot);
      // The symbol may have left while its row was under way.
      if (entry === null || !isWanted(this.#row)) continue;
      if (isProbability(this.#row.score)) candidates.push(toCandidate(this.#row, entry, this.#modelId));
      else invalid.set(this.#row.modelEpoch, (invalid.get(this.#row.modelEpoch) ?? 0) + 1);
    }
    this.#ring.release(rows);
    return { candidates, invalid: Array.from(invalid, ([epoch, count]) => ({ epoch, rows: count })) };
  }
}

function isProbability(score: number): boolean {
  return score >= 0 && score <= 1;
}

function toCandidate(
  row: ResultRow,
  entry: { readonly symbolId: ScoredCandidate["symbolId"]; readonly symbol: string },
  modelId: ModelId,
): ScoredCandidate {
  assert(row.side === 1 || row.side === -1, "Invariant: a row's side is +1 or -1");
  assert(row.setup >= 1 && row.setup <= 3, "Invariant: a row's setup is S1, S2 or S3");
  const hasChallenger = row.challengerEpoch !== 0 && isProbability(row.challengerScore);
  return {
    symbolId: entry.symbolId,
    symbol: entry.symbol,
    side: row.side,
    setup: row.setup as SetupCode,
    openTimeMs: row.openTimeMs,
    score: row.score,
    features: row.features.slice(),
    scorerId: modelId(row.modelEpoch),
    challenger: hasChallenger ? { scorerId: modelId(row.challengerEpoch), score: row.challengerScore } : null,
    invalidationPrice: row.invalidationPrice,
    atr: row.atr,
    medianTurnover: row.medianTurnover,
    exchangeMs: row.exchangeMs,
    isRestConfirmed: (row.flags & ResultFlag.RestConfirmed) !== 0,
    times: {
      receivedNs: row.receivedNs,
      writtenNs: row.writtenNs,
      takenNs: row.takenNs,
      featuresNs: row.featuresNs,
      scoredNs: row.scoredNs,
    },
  };
}
