import { Field } from "./kline-frame.ts";
import type { KlineFrame } from "./kline-frame.ts";
import { UNDECIDED, bytes, decimal, integer, numbers, skipInteger, string, view } from "./scan-bytes.ts";
import { TemplateOffset, cellOffset, streamHash } from "./symbol-table.ts";
import type { SymbolTable } from "./symbol-table.ts";

/** `,"` and `"` around the letter of a key, as one little-endian word. */
const KEY_WORD = 0x22_00_22_2c;
const COLON_QUOTE = 0x22_3a;
const COLON = 58;
const TRUE_WORD = 0x65_75_72_74;
const FALS_WORD = 0x73_6c_61_66;
const END_WORD = 0x7d_7d_7d;

/** `<open time>,"T":<close time>`: 13 + 5 + 13 bytes, the same in every frame of a minute. */
const TIMES_BYTES = 31;
const timesCache = new Uint8Array(TIMES_BYTES + 1);
const timesView = new DataView(timesCache.buffer);
const timesValue = new Float64Array(1);

/** Compares `length >= 4` bytes of the text with a template, a word at a time; the last word may overlap. */
function matches(at: number, template: DataView, from: number, length: number): boolean {
  const last = length - 4;
  for (let step = 0; step < last; step += 4)
    if (view.getInt32(at + step, true) !== template.getInt32(from + step, true)) return false;
  return view.getInt32(at + last, true) === template.getInt32(from + last, true);
}

/** Finds the slot whose prefix template the text starts with, or -1. */
function findSlot(table: SymbolTable): number {
  const hash = streamHash(view.getInt32(11, true), view.getInt32(15, true), view.getInt32(19, true));
  for (let at = hash & table.hashMask; ; at = (at + 1) & table.hashMask) {
    const slot = table.streamSlots[at] as number;
    if (slot < 0) return UNDECIDED;
    const length = table.templateBytes[slot * 3] as number;
    if (matches(0, table.arenaView, cellOffset(slot) + TemplateOffset.Prefix, length)) return slot;
  }
}

/** Reads `,"X":"<decimal>"` into `numbers[index]`. */
function textField(at: number, letter: number, index: number): number {
  if (view.getInt32(at, true) !== (KEY_WORD | (letter << 16))) return UNDECIDED;
  return view.getUint16(at + 4, true) === COLON_QUOTE ? decimal(at + 6, index) : UNDECIDED;
}

/** Skips `,"X":"<text>"`. */
function skipText(at: number, letter: number): number {
  if (view.getInt32(at, true) !== (KEY_WORD | (letter << 16))) return UNDECIDED;
  return view.getUint16(at + 4, true) === COLON_QUOTE ? string(at + 6) : UNDECIDED;
}

/** Skips `,"X":<whole number>`. */
function skipWhole(at: number, letter: number): number {
  if (view.getInt32(at, true) !== (KEY_WORD | (letter << 16))) return UNDECIDED;
  return bytes[at + 4] === COLON ? skipInteger(at + 5) : UNDECIDED;
}

/** Skips `,"x":true` or `,"x":false`. */
function skipFinal(at: number): number {
  if (view.getInt32(at, true) !== (KEY_WORD | (120 << 16)) || bytes[at + 4] !== COLON) return UNDECIDED;
  const word = view.getInt32(at + 5, true);
  if (word === TRUE_WORD) return at + 9;
  return word === FALS_WORD && bytes[at + 9] === 101 ? at + 10 : UNDECIDED;
}

/** Reads the open time and skips the close time; both are the same in every frame of a minute. */
function readTimes(at: number): number {
  if (matches(at, timesView, 0, TIMES_BYTES)) {
    const next = bytes[at + TIMES_BYTES] as number;
    if (next < 48 || next > 57) {
      numbers[Field.OpenTime] = timesValue[0] as number;
      return at + TIMES_BYTES;
    }
  }
  const openEnd = integer(at, Field.OpenTime);
  if (openEnd === UNDECIDED) return UNDECIDED;
  const closeEnd = skipWhole(openEnd, 84);
  if (closeEnd === at + TIMES_BYTES) {
    timesCache.set(bytes.subarray(at, closeEnd));
    timesValue[0] = numbers[Field.OpenTime] as number;
  }
  return closeEnd;
}

/** Reads what stands in front of the prices. */
function readHead(table: SymbolTable, slot: number): number {
  const cell = cellOffset(slot);
  let at = integer(table.templateBytes[slot * 3] as number, Field.EventTime);
  if (at < 0) return UNDECIDED;
  const middleBytes = table.templateBytes[slot * 3 + 1] as number;
  if (!matches(at, table.arenaView, cell + TemplateOffset.Middle, middleBytes)) return UNDECIDED;
  at = readTimes(at + middleBytes);
  if (at < 0) return UNDECIDED;
  const innerBytes = table.templateBytes[slot * 3 + 2] as number;
  if (!matches(at, table.arenaView, cell + TemplateOffset.Inner, innerBytes)) return UNDECIDED;
  at = skipInteger(at + innerBytes);
  return at < 0 ? UNDECIDED : skipWhole(at, 76);
}

/** Reads open, close, high, low and volume. */
function readPrices(from: number): number {
  let at = textField(from, 111, Field.Open);
  if (at >= 0) at = textField(at, 99, Field.Close);
  if (at >= 0) at = textField(at, 104, Field.High);
  if (at >= 0) at = textField(at, 108, Field.Low);
  return at >= 0 ? textField(at, 118, Field.Volume) : UNDECIDED;
}

/**
 * Reads a combined frame whose keys stand in the venue's usual order without spaces, each byte compared; the numbers
 * go to `numbers`, slot and finality to `out`. False means "anything else", not "wrong".
 */
export function scanFastPath(length: number, table: SymbolTable, out: KlineFrame): boolean {
  const slot = findSlot(table);
  if (slot < 0) return false;
  let at = readHead(table, slot);
  if (at < 0) return false;
  at = readPrices(at);
  if (at < 0) return false;
  const finalAt = skipWhole(at, 110);
  if (finalAt < 0) return false;
  at = skipFinal(finalAt);
  if (at >= 0) at = skipText(at, 113);
  if (at >= 0) at = skipText(at, 86);
  if (at >= 0) at = skipText(at, 81);
  if (at >= 0) at = skipText(at, 66);
  // The byte behind the text is zero, so four bytes can be compared at once.
  if (at < 0 || at + 3 !== length || view.getInt32(at, true) !== END_WORD) return false;
  out.slot = slot;
  out.isFinal = bytes[finalAt + 5] === 116;
  return true;
}
