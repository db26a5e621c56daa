import type { Signal } from "@smcq/engine";
import { assert, FEATURE_COUNT, present } from "@smcq/kernel";

/** Bytes of a signal's features (docs/smc.md section 8). */
export const FEATURE_BYTES: number = FEATURE_COUNT * 4;

/*
 * A batch of signals as it crosses to the ledger's thread: one flat buffer, no object a signal.
 *
 *   byte 0        16                16 + 104 n        16 + 152 n       16 + 172 n
 *   ┌─────────────┬─────────────────┬─────────────────┬────────────────┬───────────────────────┐
 *   │ header      │ numbers         │ features        │ codes          │ texts                 │
 *   │ 4 x uint32  │ n x 13 float64  │ n x 12 float32  │ n x 5 uint32   │ JSON list, UTF-8      │
 *   └─────────────┴─────────────────┴─────────────────┴────────────────┴───────────────────────┘
 *   header: magic, version, n, bytes of texts
 *   codes: index of the symbol in texts, symbolId, flags, index of the scorer id in texts, index of the challenger's
 *     (NO_TEXT: none; its score is NaN then)
 *   flags: bit 0 long, bit 1 confirmed by REST, bits 4-5 setup
 */
const MAGIC = 0x53_51_42_31;
const VERSION = 3;
const HEADER_BYTES = 16;
const NUMBERS = 13;
const CODES = 5;
const NO_TEXT = 0xffff_ffff;
const SIGNAL_BYTES = NUMBERS * 8 + FEATURE_BYTES + CODES * 4;

const FLAG_LONG = 1;
const FLAG_REST = 2;
const SETUP_SHIFT = 4;

/** Offsets in a signal's numbers. */
export const NumberField = {
  OpenTimeMs: 0,
  Score: 1,
  ExchangeMs: 2,
  ReceivedNs: 3,
  WrittenNs: 4,
  TakenNs: 5,
  FeaturesNs: 6,
  ScoredNs: 7,
  EmittedNs: 8,
  InvalidationPrice: 9,
  Atr: 10,
  MedianTurnover: 11,
  ChallengerScore: 12,
} as const;

/** A decoded batch; every typed array is a view into the one buffer. */
export interface Batch {
  readonly count: number;
  readonly numbers: Float64Array;
  readonly features: Float32Array;
  readonly codes: Uint32Array;
  readonly texts: readonly string[];
}

function views(buffer: ArrayBuffer, count: number): Omit<Batch, "texts" | "count"> {
  const featuresAt = HEADER_BYTES + count * NUMBERS * 8;
  const codesAt = featuresAt + count * FEATURE_BYTES;
  return {
    numbers: new Float64Array(buffer, HEADER_BYTES, count * NUMBERS),
    features: new Float32Array(buffer, featuresAt, count * FEATURE_COUNT),
    codes: new Uint32Array(buffer, codesAt, count * CODES),
  };
}

class TextTable {
  readonly texts: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    const known = this.#indexes.get(text);
    if (known !== undefined) return known;
    this.#indexes.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

function assertSound(signal: Signal): void {
  assert(signal.features.length === FEATURE_COUNT, "Invariant: a signal has a value for every feature");
  assert(signal.score >= 0 && signal.score <= 1, "Invariant: a score lies in 0..1");
  assert(signal.setup >= 1 && signal.setup <= 3, "Invariant: a setup is 1, 2 or 3");
  assert(signal.side === 1 || signal.side === -1, "Invariant: a side is 1 or -1");
  assert(Number.isSafeInteger(signal.openTimeMs), "Invariant: an open time is whole milliseconds");
}

function writeNumbers(numbers: Float64Array, at: number, signal: Signal): void {
  const { times } = signal;
  numbers[at + NumberField.OpenTimeMs] = signal.openTimeMs;
  numbers[at + NumberField.Score] = signal.score;
  numbers[at + NumberField.ExchangeMs] = signal.exchangeMs;
  numbers[at + NumberField.ReceivedNs] = times.receivedNs;
  numbers[at + NumberField.WrittenNs] = times.writtenNs;
  numbers[at + NumberField.TakenNs] = times.takenNs;
  numbers[at + NumberField.FeaturesNs] = times.featuresNs;
  numbers[at + NumberField.ScoredNs] = times.scoredNs;
  numbers[at + NumberField.EmittedNs] = times.emittedNs;
  numbers[at + NumberField.InvalidationPrice] = signal.invalidationPrice;
  numbers[at + NumberField.Atr] = signal.atr;
  numbers[at + NumberField.MedianTurnover] = signal.medianTurnover;
  numbers[at + NumberField.ChallengerScore] = signal.challenger?.score ?? Number.NaN;
}

/** Returns the signals as one flat buffer; throws InvariantError for a signal that cannot be one. */
export function encodeBatch(signals: readonly Signal[]): ArrayBuffer {
  const table = new TextTable();
  const symbolTexts = signals.map((signal) => table.indexOf(signal.symbol));
  const scorerTexts = signals.map((signal) => table.indexOf(signal.scorerId));
  const challengerTexts = signals.map(({ challenger }) =>
    challenger === null ? NO_TEXT : table.indexOf(challenger.scorerId),
  );
  const textBytes = new TextEncoder().encode(JSON.stringify(table.texts));
  const textsAt = HEADER_BYTES + signals.length * SIGNAL_BYTES;
  const buffer = new ArrayBuffer(textsAt + textBytes.length);
  new Uint32Array(buffer, 0, 4).set([MAGIC, VERSION, signals.length, textBytes.length]);
  new Uint8Array(buffer, textsAt).set(textBytes);
  const { numbers, features, codes } = views(buffer, signals.length);
  for (const [index, signal] of signals.entries()) {
    assertSound(signal);
    writeNumbers(numbers, index * NUMBERS, signal);
    features.set(signal.features, index * FEATURE_COUNT);
    const at = index * CODES;
    codes[at] = present(symbolTexts[index], "Invariant: every signal has a symbol text");
    codes[at + 1] = signal.symbolId;
    codes[at + 2] =
      (signal.side === 1 ? FLAG_LONG : 0) |
      (signal.isRestConfirmed ? FLAG_REST : 0) |
      (signal.setup << SETUP_SHIFT);
    codes[at + 3] = present(scorerTexts[index], "Invariant: every signal has a scorer text");
    codes[at + 4] = present(challengerTexts[index], "Invariant: every signal has a challenger's place");
  }
  return buffer;
}

/** Returns views into a buffer of `encodeBatch`; throws InvariantError when it is not one. */
export function decodeBatch(buffer: ArrayBuffer): Batch {
  const [magic, version, count = 0, textBytes = 0] = new Uint32Array(buffer, 0, 4);
  assert(
    magic === MAGIC && version === VERSION,
    "Invariant: a batch begins with its magic number and version",
  );
  const textsAt = HEADER_BYTES + count * SIGNAL_BYTES;
  assert(buffer.byteLength === textsAt + textBytes, "Invariant: a batch is as long as its header says");
  const texts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, textsAt))) as string[];
  return { count, texts, ...views(buffer, count) };
}

/** One of the numbers of signal `index`. */
export function numberOf(batch: Batch, index: number, field: number): number {
  return present(
    batch.numbers[index * NUMBERS + field],
    "Invariant: a batch holds every number of its signals",
  );
}

/** The codes of signal `index`, decoded. */
export function codesOf(
  batch: Batch,
  index: number,
): {
  symbol: string;
  symbolId: number;
  scorerId: string;
  challengerId: string | null;
  side: 1 | -1;
  setup: number;
  isRestConfirmed: boolean;
} {
  const [symbolText = -1, symbolId = -1, flags = 0, scorerText = -1, challengerText = NO_TEXT] =
    batch.codes.subarray(index * CODES, (index + 1) * CODES);
  return {
    symbol: present(batch.texts[symbolText], "Invariant: a symbol's text is in the batch"),
    symbolId,
    scorerId: present(batch.texts[scorerText], "Invariant: a scorer's text is in the batch"),
    challengerId:
      challengerText === NO_TEXT
        ? null
        : present(batch.texts[challengerText], "Invariant: a challenger's text is in the batch"),
    side: (flags & FLAG_LONG) === 0 ? -1 : 1,
    setup: flags >> SETUP_SHIFT,
    isRestConfirmed: (flags & FLAG_REST) !== 0,
  };
}
