import {
  type ChallengerScore,
  PART_BARS_MAX,
  type ScannerWord,
  type SetupCode,
  type SharedBar,
  type SharedSignal,
} from "@smcq/engine";
import { FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";
import { ByteReader, ByteWriter, noWord } from "./byte-forms.ts";

/** A reader refuses what another version has written: hosts of one installation run one version, or change in turns. */
const FORM = 1;
const SIGNAL = 1;
const BARS = 2;
const SIGNAL_BYTES_MAX = 1_280;
const BAR_BYTES_MAX = 298;
const HEAD_BYTES_MAX = 300;

const REST_CONFIRMED = 1;
const HAS_CHALLENGER = 2;

/**
 * A word as bytes, every number bit by bit:
 *
 *   form u8 | type u8 | part u16 | signal: run, symbol, scorer (texts), side i8+1, setup u8, flags u8, 8 doubles, features f32 x 12,
 *                                          with a challenger its id and its score
 *                                | bars:   scanner (text), minute f64, count u16, each: symbol (text), flags u8, 5 doubles
 *
 * Refuses with BUS_WORD what does not fit: more than `PART_BARS_MAX` bars, a text of more than 255 bytes.
 */
export function encodeWord(word: ScannerWord): Uint8Array {
  const bars = word.type === "bars" ? word.bars.length : 0;
  if (bars > PART_BARS_MAX) throw noWord(`${bars} bars, ${PART_BARS_MAX} at most`);
  const bytesMax = word.type === "bars" ? HEAD_BYTES_MAX + bars * BAR_BYTES_MAX : SIGNAL_BYTES_MAX;
  const out = new ByteWriter(bytesMax);
  out.byte(FORM);
  out.byte(word.type === "signal" ? SIGNAL : BARS);
  out.short(word.part);
  if (word.type === "signal") {
    out.text(word.run);
    writeSignal(out, word.signal);
    return out.done();
  }
  out.text(word.scanner);
  out.double(word.minuteMs);
  out.short(bars);
  for (const bar of word.bars) writeBar(out, bar);
  return out.done();
}

/** Refuses with BUS_WORD what is no word, or holds a number that no scanner tells. */
export function decodeWord(bytes: Uint8Array): ScannerWord {
  const from = new ByteReader(bytes);
  const form = from.byte();
  if (form !== FORM) throw noWord(`form ${form}, wanted ${FORM}`);
  const type = from.byte();
  if (type !== SIGNAL && type !== BARS) throw noWord(`type ${type}, wanted 1 or 2`);
  const part = from.short();
  const word: ScannerWord =
    type === SIGNAL
      ? { type: "signal", part, run: from.text(), signal: readSignal(from) }
      : { type: "bars", part, scanner: from.text(), minuteMs: minuteOf(from), bars: readBars(from) };
  from.end();
  return word;
}

function writeSignal(out: ByteWriter, signal: SharedSignal): void {
  const { challenger, features } = signal;
  if (features.length !== FEATURE_COUNT) throw noWord(`${features.length} features, wanted ${FEATURE_COUNT}`);
  out.text(signal.symbol);
  out.text(signal.scorerId);
  out.byte(signal.side + 1);
  out.byte(signal.setup);
  out.byte((signal.isRestConfirmed ? REST_CONFIRMED : 0) | (challenger === null ? 0 : HAS_CHALLENGER));
  out.double(signal.openTimeMs);
  out.double(signal.score);
  out.double(signal.invalidationPrice);
  out.double(signal.atr);
  out.double(signal.medianTurnover);
  out.double(signal.exchangeMs);
  out.double(signal.receivedMs);
  out.double(signal.scoredMs);
  for (const feature of features) out.single(feature);
  if (challenger === null) return;
  out.text(challenger.scorerId);
  out.double(challenger.score);
}

function readSignal(from: ByteReader): SharedSignal {
  const [symbol, scorerId] = [nameOf(from), nameOf(from)];
  const side = from.byte() - 1;
  if (side !== 1 && side !== -1) throw noWord(`side ${side}, wanted 1 or -1`);
  const setup = from.byte();
  if (setup < 1 || setup > 3) throw noWord(`setup ${setup}, wanted 1 to 3`);
  const flags = from.byte();
  if (flags > (REST_CONFIRMED | HAS_CHALLENGER)) throw noWord(`flags ${flags}, wanted 0 to 3`);
  const openTimeMs = minuteOf(from);
  const score = scoreOf(from);
  const invalidationPrice = finite(from, "invalidation price");
  const atr = finite(from, "ATR");
  const medianTurnover = finite(from, "median turnover");
  const exchangeMs = finite(from, "time of the venue");
  const receivedMs = finite(from, "time of the frame");
  const scoredMs = finite(from, "time of the score");
  const features = new Float32Array(FEATURE_COUNT);
  for (let index = 0; index < FEATURE_COUNT; index++) features[index] = from.single();
  const challenger: ChallengerScore | null =
    (flags & HAS_CHALLENGER) === 0 ? null : { scorerId: nameOf(from), score: scoreOf(from) };
  return {
    symbol,
    side,
    setup: setup as SetupCode,
    openTimeMs,
    score,
    features,
    scorerId,
    challenger,
    invalidationPrice,
    atr,
    medianTurnover,
    exchangeMs,
    isRestConfirmed: (flags & REST_CONFIRMED) !== 0,
    receivedMs,
    scoredMs,
  };
}

function writeBar(out: ByteWriter, { symbol, open, high, low, close, volume, isScanned }: SharedBar): void {
  out.text(symbol);
  out.byte(Number(isScanned));
  for (const value of [open, high, low, close, volume]) out.double(value);
}

function readBars(from: ByteReader): readonly SharedBar[] {
  const count = from.short();
  if (count > PART_BARS_MAX) throw noWord(`${count} bars, ${PART_BARS_MAX} at most`);
  return Array.from({ length: count }, () => readBar(from));
}

function readBar(from: ByteReader): SharedBar {
  const symbol = nameOf(from);
  const flags = from.byte();
  if (flags > 1) throw noWord(`flags ${flags} of a bar, wanted 0 or 1`);
  const [open, high, low, close] = [price(from), price(from), price(from), price(from)];
  const volume = finite(from, "volume");
  if (volume < 0) throw noWord(`volume ${volume}, wanted 0 or more`);
  if (Math.max(open, close) > high || Math.min(open, close) < low)
    throw noWord(`a bar of ${symbol} that opens or closes outside its range`);
  return { symbol, open, high, low, close, volume, isScanned: flags === 1 };
}

function nameOf(from: ByteReader): string {
  const text = from.text();
  if (text === "") throw noWord("an empty name");
  return text;
}

function finite(from: ByteReader, what: string): number {
  const value = from.double();
  if (!Number.isFinite(value)) throw noWord(`${what} ${value}`);
  return value;
}

function price(from: ByteReader): number {
  const value = finite(from, "price");
  if (value <= 0) throw noWord(`price ${value}, wanted more than 0`);
  return value;
}

function scoreOf(from: ByteReader): number {
  const score = from.double();
  if (!(score >= 0 && score <= 1)) throw noWord(`score ${score}, wanted 0 to 1`);
  return score;
}

function minuteOf(from: ByteReader): number {
  const ms = from.double();
  if (!Number.isSafeInteger(ms) || ms < 0 || ms % MINUTE_MS !== 0) throw noWord(`minute ${ms}`);
  return ms;
}
