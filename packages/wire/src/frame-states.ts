import { assert } from "@smcq/kernel";
import { createBlock, HEADER, openBlock } from "./layouts/layout.ts";

export const FRAME_STATES_MAGIC = 0x4652_4d53;
export const FRAME_STATES_VERSION = 1;

/** Allocates what the scan of a longer timeframe keeps of each of `slots` symbols: `slotBytes`, whole lines, whose inside is the scanner's. */
export function createFrameStates(shape: {
  readonly slots: number;
  readonly slotBytes: number;
}): SharedArrayBuffer {
  const { slots, slotBytes } = shape;
  return createBlock({
    magic: FRAME_STATES_MAGIC,
    version: FRAME_STATES_VERSION,
    slots,
    capacity: 1,
    slotBytes,
  });
}

/**
 * Where the states of the plan's timeframe lie. Only the scan that has begun a slot of the detector states touches the
 * same slot here, so they need no counters of their own: a scan that died leaves that slot unclean, and this state is brought back.
 */
export class FrameStates {
  readonly sab: SharedArrayBuffer;
  readonly slots: number;
  readonly #slotBytes: number;

  /** Refuses (WIRE_BLOCK_MISMATCH) another kind, version or size. */
  constructor(sab: SharedArrayBuffer, slotBytes: number) {
    const shape = openBlock(sab, {
      magic: FRAME_STATES_MAGIC,
      version: FRAME_STATES_VERSION,
      name: "frame state",
      slotBytes,
    });
    this.sab = sab;
    this.slots = shape.slots;
    this.#slotBytes = slotBytes;
  }

  /** Byte offset of a symbol's state. */
  offset(slot: number): number {
    assert(slot >= 0 && slot < this.slots, "Invariant: a slot lies inside its block");
    return HEADER.bytes + slot * this.#slotBytes;
  }
}
