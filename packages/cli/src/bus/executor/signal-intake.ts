import type { Inbox } from "@smcq/cluster";
import {
  DurationHistogram,
  fromShared,
  partOf,
  type ScannerWord,
  type ScoredCandidate,
  type Signal,
} from "@smcq/engine";
import { afterTurn, type Clock, type Logger, type SymbolId } from "@smcq/kernel";
import type { HeardCounts } from "../bus-status.ts";
import { type SeenSignals, signalKey } from "./seen-signals.ts";

const TELL_MS = 60_000;
/** Upper ends of the buckets of a signal's way over the bus, ms. */
const LATENCY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000,
];

type SignalWord = Extract<ScannerWord, { type: "signal" }>;

/** What became of the signals that were heard. */
export type IntakeCounts = Pick<
  HeardCounts,
  "signals" | "taken" | "repeated" | "otherRun" | "unknown" | "dropped" | "latency"
>;

export interface IntakeDeps {
  readonly inbox: Inbox;
  readonly parts: number;
  /** Null: the symbol is not watched. */
  readonly idOf: (symbol: string) => SymbolId | null;
  /** What this engine goes by. */
  readonly scanName: () => string;
  readonly seen: SeenSignals;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/**
 * Brings signals from the bus to the core: those of this engine's own plan, features and model, each once. A signal is
 * acknowledged when the core has taken it and it is on its way to the ledger; what is left out, at once.
 */
export class SignalIntake {
  readonly #deps: IntakeDeps;
  readonly #acknowledge = new Map<string, () => void>();
  /** By part, what has come in the present turn of the event loop. */
  #come = new Map<number, ScoredCandidate[]>();
  readonly #latency = new DurationHistogram(LATENCY_BOUNDS_MS);
  #toldNs = Number.NEGATIVE_INFINITY;
  readonly #counts = { signals: 0, taken: 0, repeated: 0, otherRun: 0, unknown: 0, dropped: 0 };

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  get counts(): IntakeCounts {
    const { boundsMs, counts, count, sumMs, msMax } = this.#latency;
    return { ...this.#counts, latency: { boundsMs, counts: [...counts], count, sumMs, msMax } };
  }

  hear(word: SignalWord, acknowledge: () => void): void {
    const { wallClock } = this.#deps;
    this.#counts.signals++;
    const symbolId = this.#accept(word);
    if (symbolId === null) {
      acknowledge();
      return;
    }
    const nowMs = wallClock.nowMs();
    const { scoredMs } = word.signal;
    if (scoredMs > 0) this.#latency.add(Math.max(0, nowMs - scoredMs));
    this.#acknowledge.set(signalKey(word.signal), acknowledge);
    const own = this.#come.get(word.part) ?? [];
    own.push(fromShared(word.signal, { symbolId, nowMs, nowNs: wallClock.monoNs() }));
    this.#come.set(word.part, own);
    if (this.#come.size === 1 && own.length === 1) afterTurn(() => this.#putAll());
  }

  /** The core has taken them. */
  taken(signals: readonly Signal[]): void {
    for (const signal of signals) {
      const key = signalKey(signal);
      const acknowledge = this.#acknowledge.get(key);
      if (acknowledge === undefined) continue;
      this.#acknowledge.delete(key);
      this.#counts.taken++;
      acknowledge();
    }
  }

  /** The symbol's number; null: the signal is left out, and counted. */
  #accept({ part, run, signal }: SignalWord): SymbolId | null {
    const { parts, idOf, scanName, seen } = this.#deps;
    const symbolId = idOf(signal.symbol);
    const isOurs = run === scanName();
    if (partOf(signal.symbol, parts) !== part) {
      this.#counts.unknown++;
      this.#tell(
        { symbol: signal.symbol, part },
        "a scanner cuts the universe into other parts: check bus.parts",
      );
      return null;
    }
    if (symbolId === null) {
      this.#counts.unknown++;
      return null;
    }
    if (!isOurs) {
      this.#counts.otherRun++;
      this.#tell(
        { scorer: signal.scorerId },
        "a scanner goes by another plan or model: its signals are left out",
      );
      return null;
    }
    if (!seen.add(signal)) {
      this.#counts.repeated++;
      return null;
    }
    return symbolId;
  }

  #putAll(): void {
    const come = this.#come;
    this.#come = new Map();
    for (const [part, candidates] of come) {
      if (this.#deps.inbox.put({ type: "candidates", shardId: part, candidates })) continue;
      this.#counts.dropped += candidates.length;
      for (const candidate of candidates) {
        const key = signalKey(candidate);
        this.#acknowledge.get(key)?.();
        this.#acknowledge.delete(key);
      }
    }
  }

  #tell(fields: Readonly<Record<string, unknown>>, text: string): void {
    const nowNs = this.#deps.wallClock.monoNs();
    if ((nowNs - this.#toldNs) / 1e6 < TELL_MS) return;
    this.#toldNs = nowNs;
    this.#deps.logger.error({ ...fields, ...this.#counts }, text);
  }
}
