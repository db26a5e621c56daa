import { Field, FrameKind } from "./kline-frame.ts";
import type { KlineFrame } from "./kline-frame.ts";
import { UNDECIDED, bytes, decimal, integer, skipInteger, string, view } from "./scan-bytes.ts";
import type { SymbolTable } from "./symbol-table.ts";

/** Deepest nesting that the scan follows; deeper texts go to JSON.parse. */
const DEPTH_MAX = 24;

/** Which object the scan is inside of: it decides which keys matter. */
const Place = { Root: 0, Event: 1, Kline: 2, Elsewhere: 3 } as const;
type Place = (typeof Place)[keyof typeof Place];

/** Bits of the fields seen; a second sight of one means a repeated key, which JSON.parse settles. */
const Seen = {
  Event: 1,
  EventTime: 2,
  Symbol: 4,
  Kline: 8,
  OpenTime: 16,
  Interval: 32,
  Open: 64,
  High: 128,
  Low: 256,
  Close: 512,
  Volume: 1024,
  Final: 2048,
  Data: 4096,
} as const;
const EVENT_FIELDS: number = Seen.Event | Seen.EventTime | Seen.Symbol | Seen.Kline;
const ALL_FIELDS = 4095;

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * A strict scan of one JSON text that picks the fields of a kline, keys in any order, unknown keys and nested values
 * skipped. It says Undecided for anything beyond plain JSON: escapes, repeated keys, fields of unexpected types, garbage.
 */
export class KlineScanner {
  readonly #symbols: SymbolTable;
  #seen = 0;
  #isKlineEvent = false;
  #isOurInterval = false;
  #symbolFrom = 0;
  #symbolTo = 0;
  #isFinal = false;

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  /** Scans the loaded text of `length` bytes; numbers go to `numbers`, slot and finality to `out`. */
  scan(length: number, out: KlineFrame): FrameKind {
    this.#seen = 0;
    this.#isKlineEvent = false;
    const start = this.#space(0);
    if (bytes[start] !== OPEN_BRACE) return FrameKind.Undecided;
    const end = this.#object(start + 1, Place.Root, 0);
    if (end === UNDECIDED || this.#space(end) !== length) return FrameKind.Undecided;
    if ((this.#seen & Seen.Event) !== 0 && !this.#isKlineEvent) return FrameKind.Other;
    if ((this.#seen & ALL_FIELDS) !== ALL_FIELDS) return FrameKind.Undecided;
    const slot = this.#isOurInterval ? this.#symbols.find(bytes, this.#symbolFrom, this.#symbolTo) : -1;
    if (slot < 0) return FrameKind.Unknown;
    out.slot = slot;
    out.isFinal = this.#isFinal;
    return FrameKind.Kline;
  }

  #space(from: number): number {
    let at = from;
    for (;;) {
      const byte = bytes[at] as number;
      if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return at;
      at++;
    }
  }

  /** Scans an object behind its opening brace; returns the index behind the closing one, or UNDECIDED. */
  #object(from: number, place: Place, depth: number): number {
    if (depth > DEPTH_MAX) return UNDECIDED;
    let at = this.#space(from);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (bytes[at] !== QUOTE) return UNDECIDED;
      const keyFrom = at + 1;
      const keyEnd = string(keyFrom);
      if (keyEnd === UNDECIDED) return UNDECIDED;
      at = this.#space(keyEnd);
      if (bytes[at] !== COLON) return UNDECIDED;
      at = this.#member(keyFrom, keyEnd - 1, this.#space(at + 1), place, depth);
      if (at === UNDECIDED) return UNDECIDED;
      at = this.#space(at);
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) return UNDECIDED;
      at = this.#space(at + 1);
    }
  }

  #member(keyFrom: number, keyTo: number, at: number, place: Place, depth: number): number {
    if (place === Place.Elsewhere) return this.#value(at, depth);
    if (keyTo - keyFrom === 1) {
      const letter = bytes[keyFrom] as number;
      if (place === Place.Kline) return this.#klineMember(letter, at, depth);
      // Beside `data` the envelope's own one-letter keys mean nothing.
      const isOutside = place === Place.Root && (this.#seen & Seen.Data) !== 0;
      return isOutside ? this.#value(at, depth) : this.#eventMember(letter, at, depth);
    }
    const isData =
      place === Place.Root && keyTo - keyFrom === 4 && view.getInt32(keyFrom, true) === 0x61_74_61_64;
    if (!isData) return this.#value(at, depth);
    // An envelope that holds event fields of its own, or `data` twice, is for JSON.parse to settle.
    if (bytes[at] !== OPEN_BRACE || (this.#seen & (EVENT_FIELDS | Seen.Data)) !== 0) return UNDECIDED;
    this.#seen |= Seen.Data;
    return this.#object(at + 1, Place.Event, depth + 1);
  }

  /** A one-letter key of the event itself (inside `data`, or at the root of a raw frame). */
  #eventMember(letter: number, at: number, depth: number): number {
    switch (letter) {
      case 101:
        return this.#isFirst(Seen.Event) ? this.#eventName(at) : UNDECIDED;
      case 69:
        return this.#isFirst(Seen.EventTime) ? integer(at, Field.EventTime) : UNDECIDED;
      case 115:
        return this.#isFirst(Seen.Symbol) ? this.#symbol(at) : UNDECIDED;
      case 107:
        if (!this.#isFirst(Seen.Kline) || bytes[at] !== OPEN_BRACE) return UNDECIDED;
        return this.#object(at + 1, Place.Kline, depth + 1);
      default:
        return this.#value(at, depth);
    }
  }

  #klineMember(letter: number, at: number, depth: number): number {
    switch (letter) {
      case 116:
        return this.#isFirst(Seen.OpenTime) ? integer(at, Field.OpenTime) : UNDECIDED;
      case 105:
        return this.#isFirst(Seen.Interval) ? this.#interval(at) : UNDECIDED;
      case 120:
        return this.#isFirst(Seen.Final) ? this.#final(at) : UNDECIDED;
      case 111:
        return this.#decimal(Seen.Open, at, Field.Open);
      case 104:
        return this.#decimal(Seen.High, at, Field.High);
      case 108:
        return this.#decimal(Seen.Low, at, Field.Low);
      case 99:
        return this.#decimal(Seen.Close, at, Field.Close);
      case 118:
        return this.#decimal(Seen.Volume, at, Field.Volume);
      default:
        return this.#value(at, depth);
    }
  }

  #isFirst(bit: number): boolean {
    if ((this.#seen & bit) !== 0) return false;
    this.#seen |= bit;
    return true;
  }

  #decimal(bit: number, at: number, index: number): number {
    return this.#isFirst(bit) && bytes[at] === QUOTE ? decimal(at + 1, index) : UNDECIDED;
  }

  #eventName(at: number): number {
    const end = this.#plainString(at);
    if (end === UNDECIDED) return UNDECIDED;
    this.#isKlineEvent =
      end - at === 7 && bytes[at + 1] === 107 && view.getInt32(at + 2, true) === 0x65_6e_69_6c;
    return end;
  }

  #symbol(at: number): number {
    const end = this.#plainString(at);
    this.#symbolFrom = at + 1;
    this.#symbolTo = end - 1;
    return end;
  }

  #interval(at: number): number {
    const end = this.#plainString(at);
    if (end === UNDECIDED) return UNDECIDED;
    const wanted = this.#symbols.interval;
    let same = 0;
    while (same < wanted.length && bytes[at + 1 + same] === wanted.charCodeAt(same)) same++;
    this.#isOurInterval = same === wanted.length && end === at + 2 + same;
    return end;
  }

  #final(at: number): number {
    this.#isFinal = bytes[at] === 116;
    return bytes[at] === 110 ? UNDECIDED : this.#literal(at);
  }

  #plainString(at: number): number {
    return bytes[at] === QUOTE ? string(at + 1) : UNDECIDED;
  }

  /** Skips any value; returns the index behind it, or UNDECIDED. */
  #value(at: number, depth: number): number {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return this.#plainString(at);
    if (byte === OPEN_BRACE) return this.#object(at + 1, Place.Elsewhere, depth + 1);
    if (byte === OPEN_BRACKET) return this.#array(at + 1, depth + 1);
    if (byte === 116 || byte === 102 || byte === 110) return this.#literal(at);
    return this.#number(at);
  }

  #array(from: number, depth: number): number {
    if (depth > DEPTH_MAX) return UNDECIDED;
    let at = this.#space(from);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      at = this.#value(at, depth);
      if (at === UNDECIDED) return UNDECIDED;
      at = this.#space(at);
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) return UNDECIDED;
      at = this.#space(at + 1);
    }
  }

  #literal(at: number): number {
    const word = view.getInt32(at, true);
    if (word === 0x65_75_72_74 || word === 0x6c_6c_75_6e) return at + 4;
    if (word === 0x73_6c_61_66 && bytes[at + 4] === 101) return at + 5;
    return UNDECIDED;
  }

  /** Skips a number by the grammar of RFC 8259. */
  #number(from: number): number {
    let at = skipInteger(from);
    if (at === UNDECIDED) return UNDECIDED;
    if (bytes[at] === 46) {
      const first = at + 1;
      at = this.#digits(first);
      if (at === first) return UNDECIDED;
    }
    if (bytes[at] === 101 || bytes[at] === 69) {
      const sign = bytes[at + 1] as number;
      const first = at + (sign === 43 || sign === 45 ? 2 : 1);
      at = this.#digits(first);
      if (at === first) return UNDECIDED;
    }
    return at;
  }

  #digits(from: number): number {
    let at = from;
    while ((bytes[at] as number) >= 48 && (bytes[at] as number) <= 57) at++;
    return at;
  }
}
