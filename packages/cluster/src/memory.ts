import { CandidateScanner } from "@smcq/features";
import {
  createControlBlock,
  createDetectorStates,
  createKlineRings,
  createResultRing,
  type ShardMemory,
} from "@smcq/wire";

/** Result rows that a shard holds at least; a busy minute of a whole shard fits. */
const RESULT_ROWS_MIN = 256;

/** Allocates everything that one shard shares between threads, for `slots` symbols. */
export function createShardMemory(shardId: number, slots: number): ShardMemory {
  const rows = Math.max(RESULT_ROWS_MIN, 2 ** Math.ceil(Math.log2(slots)));
  return {
    shardId,
    rings: createKlineRings(slots),
    states: createDetectorStates({
      slots,
      m1Bytes: CandidateScanner.M1_BYTES,
      carryBytes: CandidateScanner.CARRY_BYTES,
    }),
    results: createResultRing(rows),
    control: createControlBlock(),
  };
}
