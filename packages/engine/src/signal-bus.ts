import { hashText } from "@smcq/kernel";
import type { ScoredCandidate } from "./events.ts";

/** A scored candidate as other hosts may hear of it: the symbol by its name, times by the wall's clock. */
export interface SharedSignal extends Omit<ScoredCandidate, "symbolId" | "times"> {
  /** When the closing frame was read, wall ms of the host that scanned; 0: nobody has written it down. */
  readonly receivedMs: number;
  /** When the score stood, likewise. */
  readonly scoredMs: number;
}

/** A closed bar of a symbol, in price and base units. */
export interface SharedBar {
  readonly symbol: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** It went through the detector: whatever there was to be found in it has been told. */
  readonly isScanned: boolean;
}

/** What a scanner tells those who trade. */
export type ScannerWord =
  | {
      readonly type: "signal";
      readonly part: number;
      /** Name of what scans: plan, features and model; scanners of the same name find the same. */
      readonly run: string;
      readonly signal: SharedSignal;
    }
  /** Bars of a part that closed with the minute which opened at `minuteMs`, venue ms: at most `PART_BARS_MAX`. */
  | {
      readonly type: "bars";
      readonly part: number;
      readonly scanner: string;
      readonly minuteMs: number;
      readonly bars: readonly SharedBar[];
    };

/** Symbols that one part may have. */
export const PART_BARS_MAX = 4_096;

/** What became of words since the bus was opened. */
export interface SignalBusCounts {
  /** Given to `publish`. */
  readonly published: number;
  /** The bus keeps them. */
  readonly kept: number;
  /** The bus had them already, by another scanner or an earlier try. */
  readonly known: number;
  /** Left out because too many waited, the oldest first, or because they had waited for too long. */
  readonly dropped: number;
  /** Waiting to be kept, now. */
  readonly waiting: number;
  /** Told to the reader, those that were told again included. */
  readonly heard: number;
  readonly acknowledged: number;
  /** No words: acknowledged, and told to nobody. */
  readonly poison: number;
  /** Kept and not yet told, as far as is known now. */
  readonly lag: number;
}

/** Hears words in the order in which the bus keeps them. `acknowledge`: it need not be told again, nor any before it. */
export type WordListener = (word: ScannerWord, acknowledge: () => void) => void;

/** A reader that listens; `stop` ends it and is idempotent: what was not acknowledged is told again to who follows next. */
export interface Following {
  stop(): Promise<void>;
}

export interface FollowOptions {
  /** Who reads, the same in each of its processes: a-z, 0-9 and -, 48 at most. */
  readonly reader: string;
  readonly onWord: WordListener;
  /** Somebody else follows under the same name now: nothing more is heard here. */
  readonly onDisplaced: () => void;
}

/**
 * Where scanners tell what they find, and who trades hears it: in order, and again until it is acknowledged.
 *
 *   scanner ─ publish ─► [ window, oldest dropped ] ─► bus, each id once ─► reader, in order ─► acknowledge
 */
export interface SignalBus {
  /** Takes a word and returns at once with its number, from 1 on; counts say what became of it. */
  publish(word: ScannerWord): number;
  /** Number of the last word that waits for nothing any more, nor any before it: the bus keeps them, or they were given up. */
  readonly settledTo: number;
  /** Follows from behind what the reader has acknowledged last. */
  follow(options: FollowOptions): Promise<Following>;
  readonly counts: SignalBusCounts;
  /** Waits for what is on its way, a limited time, and ends. Idempotent. */
  close(): Promise<void>;
}

/** By which the bus knows a word again; null: each is kept, and who hears bars twice takes the first. */
export function wordId(word: ScannerWord): string | null {
  if (word.type === "bars") return null;
  const { symbol, openTimeMs, side } = word.signal;
  return `${word.run}:${symbol}:${openTimeMs}:${side}`;
}

/** The part of a symbol, 0..parts-1: the same on every host. */
export function partOf(symbol: string, parts: number): number {
  return hashText(symbol) % parts;
}

/** Makes of a candidate what other hosts may hear; `nowMs` and `nowNs` are this host's clocks of one moment. */
export function toShared(
  candidate: ScoredCandidate,
  { nowMs, nowNs }: { readonly nowMs: number; readonly nowNs: number },
): SharedSignal {
  const { symbolId: _, times, ...shared } = candidate;
  const wallOf = (ns: number): number => (ns === 0 ? 0 : nowMs - (nowNs - ns) / 1e6);
  return { ...shared, receivedMs: wallOf(times.receivedNs), scoredMs: wallOf(times.scoredNs) };
}

/**
 * Makes a candidate of what another host has told. Its times are this host's monotonic ones, as far as the wall clocks of
 * both agree; never later than now.
 */
export function fromShared(
  { receivedMs, scoredMs, ...shared }: SharedSignal,
  own: {
    readonly symbolId: ScoredCandidate["symbolId"];
    readonly nowMs: number;
    readonly nowNs: number;
  },
): ScoredCandidate {
  const nsOf = (wallMs: number): number =>
    wallMs === 0 ? 0 : own.nowNs - Math.max(0, own.nowMs - wallMs) * 1e6;
  const times = {
    receivedNs: nsOf(receivedMs),
    writtenNs: 0,
    takenNs: 0,
    featuresNs: 0,
    scoredNs: nsOf(scoredMs),
  };
  return { ...shared, symbolId: own.symbolId, times };
}
