import { assert } from "@smcq/kernel";
import type { DailyResults } from "@smcq/research";

/** A day, its trades and its sum of R as three float64, little endian. */
const BYTES_A_DAY = 24;

export function encodeDaily({ days, sums, counts }: DailyResults): Buffer {
  const bytes = Buffer.alloc(days.length * BYTES_A_DAY);
  for (const [k, day] of days.entries()) {
    bytes.writeDoubleLE(day, k * BYTES_A_DAY);
    bytes.writeDoubleLE(counts[k] as number, k * BYTES_A_DAY + 8);
    bytes.writeDoubleLE(sums[k] as number, k * BYTES_A_DAY + 16);
  }
  return bytes;
}

export function decodeDaily(bytes: Buffer): DailyResults {
  assert(bytes.length % BYTES_A_DAY === 0, "Invariant: a day is 24 bytes");
  const at = Array.from({ length: bytes.length / BYTES_A_DAY }, (_, k) => k * BYTES_A_DAY);
  return {
    days: at.map((place) => bytes.readDoubleLE(place)),
    counts: at.map((place) => bytes.readDoubleLE(place + 8)),
    sums: at.map((place) => bytes.readDoubleLE(place + 16)),
  };
}
