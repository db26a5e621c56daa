import type { Command, Decision, Signal, TradingCommand } from "@smcq/engine";
import { assert, type Clock } from "@smcq/kernel";
import type { Inbox } from "./inbox.ts";

/** Who carries out what the core wants. What they have to say comes back as events of the inbox. */
export interface CommandHandlers {
  /** Every scored candidate, in the order of arrival. */
  readonly onSignals: (signals: readonly Signal[]) => void;
  /** Signals above the threshold, ranked: what the order side will act on. */
  readonly onDecision: (decision: Decision) => void;
  /** The model of `epoch` gave `rows` scores that are no probability. */
  readonly onInvalidScores: (epoch: number, rows: number) => void;
  /** Orders, and what came of them; absent where nobody trades. */
  readonly onTrading?: (command: TradingCommand) => void;
}

/** Brings each command to whoever carries it out. */
export class CommandRouter {
  readonly #handlers: CommandHandlers;
  readonly #inbox: Inbox;
  readonly #wallClock: Clock;

  constructor(handlers: CommandHandlers, deps: { readonly inbox: Inbox; readonly wallClock: Clock }) {
    this.#handlers = handlers;
    this.#inbox = deps.inbox;
    this.#wallClock = deps.wallClock;
  }

  route(command: Command): void {
    switch (command.type) {
      case "emit":
        this.#handlers.onSignals(command.signals);
        return;
      case "decide":
        this.#handlers.onDecision(command);
        return;
      case "judge-model":
        this.#handlers.onInvalidScores(command.epoch, command.rows);
        return;
      case "wake":
        this.#wakeAt(command.atNs);
        return;
      case "submit":
      case "cancel":
      case "ask":
      case "set-leverage":
      case "decided":
      case "entry-failed":
      case "trade-closed":
      case "trade-corrected":
      case "equity":
      case "state":
        this.#trade(command);
        return;
      default:
        command satisfies never;
    }
  }

  #trade(command: TradingCommand): void {
    const { onTrading } = this.#handlers;
    assert(onTrading !== undefined, "Invariant: who trades has somebody who carries orders");
    onTrading(command);
  }

  #wakeAt(atNs: number): void {
    const delayMs = Math.max(0, Math.ceil((atNs - this.#wallClock.monoNs()) / 1e6));
    this.#wallClock.after(delayMs, () => this.#inbox.put({ type: "time" }), { unref: true });
  }
}
