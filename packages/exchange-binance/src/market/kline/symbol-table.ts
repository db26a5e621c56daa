import { assert } from "@smcq/kernel";

/** Longest symbol, in UTF-8 bytes, that gets templates for the fast path; longer ones still parse, only slower. */
export const FAST_SYMBOL_BYTES_MAX = 32;

/** Where the three byte templates of a slot stand in its 256-byte cell of the arena. */
export const TemplateOffset = { Prefix: 0, Middle: 96, Inner: 176 } as const;
const CELL_BYTES = 256;
const FREE = -1;

/** Hash of the 12 bytes of a stream name that stand at offset 11 of a combined frame. */
export function streamHash(first: number, second: number, third: number): number {
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b) ^ Math.imul(third, 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}

function nextPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(8, value)));
}

/**
 * Symbols of one feed by their UTF-8 bytes: text -> slot without making a string.
 *
 * Cell of a slot in `arena` (the constant bytes of a frame in the venue's usual order of keys):
 *   0   {"stream":"btcusdt@kline_1m","data":{"e":"kline","E":     (Prefix)
 *   96  ,"s":"BTCUSDT","k":{"t":                                  (Middle)
 *   176 ,"s":"BTCUSDT","i":"1m","f":                              (Inner)
 */
export class SymbolTable {
  readonly interval: string;
  readonly slotsMax: number;
  readonly arena: Uint8Array;
  readonly arenaView: DataView;
  /** Lengths of the templates, three a slot; 0 when the symbol is too long for them. */
  readonly templateBytes: Uint8Array;
  /** Open-addressed slots by `streamHash`; -1 is free. */
  readonly streamSlots: Int32Array;
  readonly hashMask: number;
  readonly #symbolSlots: Int32Array;
  readonly #symbols: (string | undefined)[];
  readonly #encoded: (Uint8Array | undefined)[];
  readonly #slotOf = new Map<string, number>();

  constructor(slotsMax: number, interval: string) {
    this.interval = interval;
    this.slotsMax = slotsMax;
    this.arena = new Uint8Array(slotsMax * CELL_BYTES);
    this.arenaView = new DataView(this.arena.buffer);
    this.templateBytes = new Uint8Array(slotsMax * 3);
    const capacity = nextPowerOfTwo(slotsMax * 4);
    this.hashMask = capacity - 1;
    this.streamSlots = new Int32Array(capacity).fill(FREE);
    this.#symbolSlots = new Int32Array(capacity).fill(FREE);
    this.#symbols = Array.from({ length: slotsMax });
    this.#encoded = Array.from({ length: slotsMax });
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** Puts `symbol` under a free slot; refuses a slot out of range or in use, and a symbol twice. */
  add(slot: number, symbol: string): void {
    assert(slot >= 0 && slot < this.slotsMax, `Invariant: slot ${slot} is below ${this.slotsMax}`);
    assert(this.#symbols[slot] === undefined, `Invariant: slot ${slot} is free`);
    assert(!this.#slotOf.has(symbol), `Invariant: ${symbol} has one slot`);
    this.#symbols[slot] = symbol;
    this.#encoded[slot] = Buffer.from(symbol);
    this.#slotOf.set(symbol, slot);
    this.#writeTemplates(slot, symbol);
    this.#index(slot);
  }

  /** Frees a slot; an empty one stays empty. */
  remove(slot: number): void {
    const symbol = this.#symbols[slot];
    if (symbol === undefined) return;
    this.#symbols[slot] = undefined;
    this.#encoded[slot] = undefined;
    this.#slotOf.delete(symbol);
    this.templateBytes.fill(0, slot * 3, slot * 3 + 3);
    // Removing from an open-addressed table would break probe chains; removals are rare, so it is rebuilt.
    this.streamSlots.fill(FREE);
    this.#symbolSlots.fill(FREE);
    for (const other of this.#slotOf.values()) this.#index(other);
  }

  symbolOf(slot: number): string | undefined {
    return this.#symbols[slot];
  }

  slotOf(symbol: string): number {
    return this.#slotOf.get(symbol) ?? FREE;
  }

  /** Returns the slot of the symbol whose UTF-8 bytes are `bytes[from, to)`, or -1. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const table = this.#symbolSlots;
    for (let at = hashBytes(bytes, from, to) & this.hashMask; ; at = (at + 1) & this.hashMask) {
      const slot = table[at] as number;
      if (slot === FREE) return FREE;
      const known = this.#encoded[slot] as Uint8Array;
      if (known.length !== to - from) continue;
      let same = 0;
      while (same < known.length && known[same] === bytes[from + same]) same++;
      if (same === known.length) return slot;
    }
  }

  #index(slot: number): void {
    const encoded = this.#encoded[slot] as Uint8Array;
    this.#insert(this.#symbolSlots, hashBytes(encoded, 0, encoded.length), slot);
    if (this.templateBytes[slot * 3] === 0) return;
    const at = slot * CELL_BYTES + 11;
    const view = this.arenaView;
    const hash = streamHash(
      view.getInt32(at, true),
      view.getInt32(at + 4, true),
      view.getInt32(at + 8, true),
    );
    this.#insert(this.streamSlots, hash, slot);
  }

  #insert(table: Int32Array, hash: number, slot: number): void {
    let at = hash & this.hashMask;
    while (table[at] !== FREE) at = (at + 1) & this.hashMask;
    table[at] = slot;
  }

  #writeTemplates(slot: number, symbol: string): void {
    if (Buffer.byteLength(symbol) > FAST_SYMBOL_BYTES_MAX || /["\\]/.test(symbol)) return;
    const stream = `${symbol.toLowerCase()}@kline_${this.interval}`;
    const texts = [
      `{"stream":"${stream}","data":{"e":"kline","E":`,
      `,"s":"${symbol}","k":{"t":`,
      `,"s":"${symbol}","i":"${this.interval}","f":`,
    ];
    const offsets = [TemplateOffset.Prefix, TemplateOffset.Middle, TemplateOffset.Inner];
    for (const [index, text] of texts.entries()) {
      const encoded = Buffer.from(text);
      this.arena.set(encoded, slot * CELL_BYTES + (offsets[index] as number));
      this.templateBytes[slot * 3 + index] = encoded.length;
    }
  }
}

/** Offset of a slot's cell in the arena. */
export function cellOffset(slot: number): number {
  return slot * CELL_BYTES;
}

function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}
