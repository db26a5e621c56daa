import { type Command, Engine, type EngineEvent, type EngineOptions, type Signal } from "@smcq/engine";
import type { OnInvalidScore } from "../scan/row-drain.ts";
import { assertNever, type Clock } from "@smcq/kernel";

export interface SignalListeners {
  /** Every scored candidate, in the order of arrival; the ledger hangs here. */
  readonly onSignals: (signals: readonly Signal[]) => void;
  /** A row was dropped because its score is no probability; `epoch` names its model. */
  readonly onInvalidScore?: OnInvalidScore;
  /** Signals above the threshold, ranked: what the order side will act on. */
  readonly onDecision: (batch: readonly Signal[], isLate: boolean, sizeFactor: number) => void;
}

/** Feeds the decision core with events, one at a time, and carries out what it says. */
export class EngineLoop {
  readonly engine: Engine;
  readonly #clock: Clock;
  readonly #wallClock: Clock;
  readonly #listeners: SignalListeners;

  constructor(options: EngineOptions, deps: { clock: Clock; wallClock: Clock; listeners: SignalListeners }) {
    this.engine = new Engine(options);
    this.#clock = deps.clock;
    this.#wallClock = deps.wallClock;
    this.#listeners = deps.listeners;
  }

  /** Processes one event and carries its commands out, in order. */
  process(event: EngineEvent): void {
    for (const command of this.engine.process(event)) this.#carryOut(command);
  }

  /** Tells the core what time it is. */
  tick(): void {
    this.process({ type: "time", nowMs: this.#clock.nowMs(), nowNs: this.#wallClock.monoNs() });
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case "emit":
        this.#listeners.onSignals(command.signals);
        return;
      case "decide":
        this.#listeners.onDecision(command.batch, command.isLate, command.sizeFactor);
        return;
      case "wake": {
        const delayMs = Math.max(0, Math.ceil((command.atNs - this.#wallClock.monoNs()) / 1e6));
        this.#wallClock.after(delayMs, () => this.tick(), { unref: true });
        return;
      }
      default:
        assertNever(command);
    }
  }
}
