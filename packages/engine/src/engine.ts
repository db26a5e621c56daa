import { assert, assertNever, MINUTE_MS } from "@smcq/kernel";
import type { Command, EngineEvent, ModelProof, ScoredCandidate } from "./events.ts";
import type { EngineOptions } from "./options.ts";
import type { Signal } from "./signal.ts";
import { TradingCore } from "./trading/trading-core.ts";

/** Signals that one decision window holds at most; one more closes the window early (counted). */
export const DECISION_SIGNALS_MAX = 4_096;

export interface EngineCounters {
  readonly signals: number;
  readonly aboveScoreMin: number;
  readonly decisions: number;
  /** Signals that came after the batch of their minute was decided. */
  readonly late: number;
  /** Signals of bars older than `signalAgeMsMax`. */
  readonly stale: number;
  /** Windows closed early because they were full. */
  readonly overflows: number;
  /** Signals worth a decision that got none, because the model is only observed or the run is ending. */
  readonly suppressed: number;
  /** Signals worth a decision that got none, because the feed of their shard had ended when it was made. */
  readonly feedStale: number;
}

/** Higher score first; equal scores by symbolId: thread timing never picks the order. */
export function byScoreThenSymbol(a: Signal, b: Signal): number {
  return b.score - a.score || a.symbolId - b.symbolId;
}

/** Why signals get no place in a batch, by the codes of docs/trading.md 3. */
type EarlyRefusal = "STATE_NOT_ACTIVE" | "MODEL_OBSERVED" | "SIGNAL_STALE" | "FEED_STALE";

interface LateSignal {
  readonly signal: Signal;
  readonly deadlineNs: number;
}

interface Window {
  readonly openTimeMs: number;
  readonly deadlineNs: number;
  readonly signals: Signal[];
}

/**
 * The decision core: synchronous and pure but for its own state. No clock, no I/O: the same events give the same
 * commands.
 *
 *   candidates ─► emit (all) ─► above scoreMin and fresh? ─► window of the minute ─► fed, and a model? ─► decide (ranked)
 *                                                    late ─► a window of its own ────┘
 *
 * What trades refuses with a record what got no place in a batch.
 */
export class Engine {
  #options: EngineOptions;
  #window: Window | null = null;
  #decidedMs = -1;
  #signals = 0;
  #aboveScoreMin = 0;
  #decisions = 0;
  #lateCount = 0;
  /** Missed their batch: each is decided alone, when the prices that its coming has asked for are there. */
  #late: LateSignal[] = [];
  #stale = 0;
  #overflows = 0;
  #suppressed = 0;
  #feedStale = 0;
  #sizeFactor = 1;
  #proof: ModelProof | null = null;
  #isStopped = false;
  /** Of the present event. */
  #refused: { readonly code: EarlyRefusal; readonly signals: readonly Signal[] }[] = [];
  readonly #shardOf = new Map<number, number>();
  readonly #endedFeeds = new Set<number>();
  /** Null: nobody acts on decisions. */
  readonly trading: TradingCore | null;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.trading = options.trading === undefined ? null : new TradingCore(options.trading);
  }

  get counters(): EngineCounters {
    return {
      signals: this.#signals,
      aboveScoreMin: this.#aboveScoreMin,
      decisions: this.#decisions,
      late: this.#lateCount,
      stale: this.#stale,
      overflows: this.#overflows,
      suppressed: this.#suppressed,
      feedStale: this.#feedStale,
    };
  }

  /** Takes one event and returns what is to be done, in order. */
  process(event: EngineEvent): readonly Command[] {
    const commands: Command[] = [];
    this.trading?.on(event, commands);
    const before = commands.length;
    this.#refused = [];
    this.#collectAndDecide(event, commands);
    if (this.trading === null) return commands;
    // What a decision adds is behind the end, and decides nothing.
    for (let at = before, end = commands.length; at < end; at++) {
      const command = commands[at];
      if (command?.type === "decide") this.trading.decide(command, event, commands);
    }
    const [sizeFactor, proof] = [this.#sizeFactor, this.#proof];
    for (const { code, signals: batch } of this.#refused)
      this.trading.decide({ batch, sizeFactor, proof, refusal: code }, event, commands);
    return commands;
  }

  /** The decision window: collects signals and closes batches. */
  #collectAndDecide(event: EngineEvent, commands: Command[]): void {
    // What was collected is decided by what was known until now.
    if (event.type !== "restarted") this.#closeIfDue(event.nowNs, commands);
    switch (event.type) {
      case "restarted":
        this.#goOn(event.engine);
        break;
      case "candidates":
        this.#takeCandidates(event, commands);
        break;
      case "invalid-score":
        commands.push({ type: "judge-model", epoch: event.epoch, rows: event.rows });
        break;
      case "model":
        assert(event.sizeFactor >= 0 && event.sizeFactor <= 1, "Invariant: a size factor lies in 0..1");
        this.#sizeFactor = event.sizeFactor;
        this.#proof = event.wins === null ? null : { scorerId: event.scorerId, wins: event.wins };
        break;
      case "feed-health":
        if (event.isLive) this.#endedFeeds.delete(event.shardId);
        else this.#endedFeeds.add(event.shardId);
        break;
      case "operator":
        if (event.word !== "stop") break;
        this.#close(commands);
        this.#closeLate(Number.POSITIVE_INFINITY, commands);
        this.#isStopped = true;
        break;
      case "time":
      case "instrument":
      case "quotes":
      case "minute":
      case "order-outcome":
      case "order-update":
      case "income":
      case "answer":
      case "leverage":
      case "leverage-outcome":
      case "account-stream":
      case "ledger-health":
      case "clock-health":
      case "account-lease":
      case "data-ended":
        break;
      default:
        assertNever(event);
    }
  }

  /** Signals that the process before has left were decided by nobody, and their prices are of then. */
  #goOn(options: EngineOptions): void {
    this.#options = options;
    this.#refuse("SIGNAL_STALE", [
      ...(this.#window?.signals ?? []),
      ...this.#late.map(({ signal }) => signal),
    ]);
    if (this.#window !== null) this.#decidedMs = this.#window.openTimeMs;
    this.#window = null;
    this.#late = [];
    this.#shardOf.clear();
    this.#endedFeeds.clear();
    this.#sizeFactor = 1;
    this.#proof = null;
    this.#isStopped = false;
  }

  #takeCandidates(event: Extract<EngineEvent, { type: "candidates" }>, commands: Command[]): void {
    const signals = event.candidates.map((candidate) => toSignal(candidate, event.nowNs));
    if (signals.length === 0) return;
    this.#signals += signals.length;
    commands.push({ type: "emit", signals });
    for (const signal of signals) {
      this.#shardOf.set(signal.symbolId, event.shardId);
      if (!(signal.score > this.#options.scoreMin)) continue;
      this.#aboveScoreMin++;
      if (event.nowMs - (signal.openTimeMs + MINUTE_MS) > this.#options.signalAgeMsMax) {
        this.#stale++;
        this.#refuse("SIGNAL_STALE", [signal]);
      } else this.#collect(signal, event.nowNs, commands);
    }
  }

  #collect(signal: Signal, nowNs: number, commands: Command[]): void {
    if (signal.openTimeMs <= this.#decidedMs) {
      this.#collectLate(signal, nowNs, commands);
      return;
    }
    if (this.#window !== null && this.#window.openTimeMs !== signal.openTimeMs) {
      if (signal.openTimeMs < this.#window.openTimeMs) {
        // An older minute that was never decided: it is not mixed into the newer batch.
        this.#collectLate(signal, nowNs, commands);
        return;
      }
      this.#close(commands);
    }
    if (this.#window === null) {
      const deadlineNs = nowNs + this.#options.decisionWindowNs;
      this.#window = { openTimeMs: signal.openTimeMs, deadlineNs, signals: [] };
      commands.push({ type: "wake", atNs: deadlineNs });
    }
    this.#window.signals.push(signal);
    if (this.#window.signals.length >= DECISION_SIGNALS_MAX) {
      this.#overflows++;
      this.#close(commands);
    }
  }

  #collectLate(signal: Signal, nowNs: number, commands: Command[]): void {
    this.#lateCount++;
    if (this.#isStopped) {
      this.#decide([signal], signal.openTimeMs, true, commands);
      return;
    }
    const deadlineNs = nowNs + this.#options.decisionWindowNs;
    this.#late.push({ signal, deadlineNs });
    commands.push({ type: "wake", atNs: deadlineNs });
    if (this.#late.length < DECISION_SIGNALS_MAX) return;
    this.#overflows++;
    this.#closeLate(Number.POSITIVE_INFINITY, commands);
  }

  /** Deadlines ascend, as time does. */
  #closeLate(nowNs: number, commands: Command[]): void {
    const count = this.#late.findIndex(({ deadlineNs }) => deadlineNs > nowNs);
    for (const { signal } of this.#late.splice(0, count < 0 ? this.#late.length : count))
      this.#decide([signal], signal.openTimeMs, true, commands);
  }

  #closeIfDue(nowNs: number, commands: Command[]): void {
    if (this.#late.length > 0) this.#closeLate(nowNs, commands);
    if (this.#window !== null && nowNs >= this.#window.deadlineNs) this.#close(commands);
  }

  #close(commands: Command[]): void {
    const window = this.#window;
    if (window === null) return;
    this.#window = null;
    this.#decidedMs = window.openTimeMs;
    this.#decide(window.signals.toSorted(byScoreThenSymbol), window.openTimeMs, false, commands);
  }

  #decide(collected: readonly Signal[], openTimeMs: number, isLate: boolean, commands: Command[]): void {
    if (this.#sizeFactor === 0 || this.#isStopped) {
      this.#suppressed += collected.length;
      this.#refuse(this.#isStopped ? "STATE_NOT_ACTIVE" : "MODEL_OBSERVED", collected);
      return;
    }
    const batch = this.#endedFeeds.size === 0 ? collected : collected.filter((signal) => this.#isFed(signal));
    const unfed = collected.length - batch.length;
    this.#feedStale += unfed;
    if (unfed > 0)
      this.#refuse(
        "FEED_STALE",
        collected.filter((signal) => !this.#isFed(signal)),
      );
    if (batch.length === 0) return;
    this.#decisions += batch.length;
    commands.push({
      type: "decide",
      openTimeMs,
      batch,
      isLate,
      sizeFactor: this.#sizeFactor,
      proof: this.#proof,
    });
  }

  #refuse(code: EarlyRefusal, signals: readonly Signal[]): void {
    if (signals.length > 0) this.#refused.push({ code, signals });
  }

  /** The symbol's bars still come: nothing is opened on a symbol that could not be followed. */
  #isFed({ symbolId }: Signal): boolean {
    return !this.#endedFeeds.has(this.#shardOf.get(symbolId) ?? -1);
  }
}

function toSignal(candidate: ScoredCandidate, nowNs: number): Signal {
  return { ...candidate, times: { ...candidate.times, emittedNs: nowNs } };
}
