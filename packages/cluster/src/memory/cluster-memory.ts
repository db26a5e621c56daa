import {
  CandidateScanner,
  LiveFrames,
  LiveRich,
  MARKET_LEADER,
  type Timeframe,
  TIMEFRAME_MINUTES,
} from "@smcq/features";
import type { ModelEpochs, SymbolId } from "@smcq/kernel";
import {
  ControlBlock,
  createControlBlock,
  createDetectorStates,
  createFrameStates,
  createKlineRings,
  createPauses,
  createResultRing,
  DetectorStates,
  type FrameMemory,
  KlineRingReader,
  KlineRingWriter,
  Pauses,
  type RichMemory,
  type ShardMemory,
} from "@smcq/wire";
import { SlotTable } from "./slot-table.ts";

/** Result rows that a shard holds at least; a busy minute of a whole shard fits. */
const RESULT_ROWS_MIN = 256;
/** Slots kept free in each shard for listings, besides a quarter of its share. */
const SPARE_SLOTS = 8;

/** What a scan has to keep besides: bars of another timeframe than M1, and what rows of feature set v2 are made of. */
export interface ScanNeeds {
  readonly timeframe: Timeframe;
  readonly isRich: boolean;
}

const M1_ROWS: ScanNeeds = { timeframe: "M1", isRich: false };

/**
 * Allocates everything that one shard shares between threads, for `slots` symbols; of what rows of v2 need, only its own
 * rings stand in it.
 */
export function createShardMemory(
  shardId: number,
  slots: number,
  { timeframe, isRich }: ScanNeeds = M1_ROWS,
): ShardMemory {
  const rows = Math.max(RESULT_ROWS_MIN, 2 ** Math.ceil(Math.log2(slots)));
  const rings = createKlineRings(slots);
  return {
    shardId,
    rings,
    rich: isRich ? createRich(slots, rings) : null,
    states: createDetectorStates({
      slots,
      m1Bytes: CandidateScanner.M1_BYTES,
      carryBytes: CandidateScanner.CARRY_BYTES,
    }),
    frames: timeframe === "M1" ? null : createFrames(slots, timeframe),
    results: createResultRing(rows),
    control: createControlBlock(),
    gc: createPauses(),
    turns: createPauses(),
  };
}

function createRich(slots: number, rings: SharedArrayBuffer): RichMemory {
  const states = createFrameStates({ slots, slotBytes: LiveRich.BYTES });
  return { states, rings: [rings], leaderOwner: 0 };
}

function createFrames(slots: number, timeframe: Timeframe): FrameMemory {
  return {
    minutes: TIMEFRAME_MINUTES[timeframe],
    states: createFrameStates({ slots, slotBytes: LiveFrames.BYTES }),
  };
}

/** One shard's memory with the coordinator's views on it. */
export interface ShardViews {
  readonly memory: ShardMemory;
  readonly control: ControlBlock;
  readonly reader: KlineRingReader;
  readonly states: DetectorStates;
  /** Only to read whose a slot is. */
  readonly owners: KlineRingWriter;
  readonly gc: Pauses;
  readonly turns: Pauses;
}

export interface ClusterMemoryOptions {
  readonly symbols: readonly string[];
  readonly shards: number;
  /** Of the plan that candidates are found for, and of the models that score; default M1 and v1. */
  readonly needs?: ScanNeeds;
  /** False where nobody is ever listed later: no slot is kept free. */
  readonly hasSpareSlots?: boolean;
  /** How many symbols there may be at once, where more than now may come; absent: as many as now. */
  readonly symbolsMax?: number;
  /** Which shard a symbol lives in, and how many it holds; absent: all are filled evenly. */
  readonly place?: { readonly shardOf: (symbol: string) => number; readonly slotsPerShard: number };
  /** Numbers that symbols had in the process before. */
  readonly knownIds?: ReadonlyMap<string, SymbolId>;
}

/** All memory that the threads of a run share, and which symbol lives where in it: the ground everything is built on. */
export class ClusterMemory {
  readonly slots: SlotTable;
  readonly shards: readonly ShardViews[];
  /** Collections of garbage of all scan threads together. */
  readonly scanGc: SharedArrayBuffer = createPauses();

  constructor(options: ClusterMemoryOptions) {
    const { symbols, shards, needs = M1_ROWS, place, knownIds } = options;
    const slotsPerShard = place?.slotsPerShard ?? slotsOf(options);
    this.slots = new SlotTable(shards, slotsPerShard, knownIds);
    for (const symbol of symbols)
      this.slots.add(
        symbol,
        place === undefined ? {} : { isOpen: (shardId) => shardId === place.shardOf(symbol) },
      );
    const memories = Array.from({ length: shards }, (_, shardId) =>
      createShardMemory(shardId, slotsPerShard, needs),
    );
    const leader = this.slots.of(MARKET_LEADER);
    const market = {
      rings: memories.map(({ rings }) => rings),
      leaderOwner: leader === null ? 0 : leader.symbolId + 1,
    };
    this.shards = memories.map((memory) =>
      viewsOf(memory.rich === null ? memory : { ...memory, rich: { ...memory.rich, ...market } }),
    );
  }

  /** Refuses a shard that is not there with a RangeError. */
  shard(shardId: number): ShardViews {
    const views = this.shards[shardId];
    if (views === undefined) throw new RangeError(`no shard ${shardId}`);
    return views;
  }

  reader(shardId: number): KlineRingReader {
    return this.shard(shardId).reader;
  }

  /** Venue minus local time, for every shard's timers. */
  setClockOffsetMs(offsetMs: number): void {
    for (const { control } of this.shards) control.setClockOffsetMs(offsetMs);
  }

  /** Scans score with these models from their next task on. */
  setModels(models: Readonly<ModelEpochs>): void {
    for (const { control } of this.shards) control.setModels(models);
  }

  /** True while a scan may still score with a model that was taken back. */
  isModelUsed(epoch: number): boolean {
    return this.shards.some(({ control }) => control.isModelUsed(epoch));
  }
}

function slotsOf({ symbols, shards, hasSpareSlots = true, symbolsMax = 0 }: ClusterMemoryOptions): number {
  const share = Math.ceil(Math.max(symbols.length, symbolsMax) / shards);
  return hasSpareSlots ? share + Math.ceil(share / 4) + SPARE_SLOTS : share;
}

function viewsOf(memory: ShardMemory): ShardViews {
  return {
    memory,
    control: new ControlBlock(memory.control),
    reader: new KlineRingReader(memory.rings),
    states: new DetectorStates(memory.states),
    owners: new KlineRingWriter(memory.rings),
    gc: new Pauses(memory.gc),
    turns: new Pauses(memory.turns),
  };
}
