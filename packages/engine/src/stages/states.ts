import type { Refusal } from "@smcq/exchange";
import type { Governors } from "@smcq/risk";
import type { EngineEvent, OperatorWord } from "../events.ts";
import type { Holdings } from "../holdings.ts";
import type { HaltReason } from "../trading-events.ts";
import type { Turn } from "./closing-orders.ts";
import type { OrderChange } from "./order-tracker.ts";

/** Refusals after which no order has a chance until a person has looked. */
const HALTING: Partial<Readonly<Record<Refusal, HaltReason>>> = {
  KEY_REFUSED: "key-refused",
  POSITION_SIDE: "hedge-mode",
};

/** Gives and takes back the reasons to enter nothing, and tells of every change (docs/trading.md 9). */
export class States {
  readonly #holdings: Holdings;
  readonly #governors: Governors;
  #told = "";

  constructor(holdings: Holdings, governors: Governors) {
    this.#holdings = holdings;
    this.#governors = governors;
  }

  on(event: EngineEvent, changes: readonly OrderChange[], turn: Turn): void {
    for (const change of changes) {
      const reason = change.type === "refused" ? HALTING[change.code] : undefined;
      if (reason !== undefined) this.#holdings.halt(reason);
    }
    if (event.type === "operator") this.#obey(event.word);
    else if (event.type === "account-stream") this.#holdings.reduce("account-stream", !event.isLive);
    this.#tell(turn);
  }

  #obey(word: OperatorWord): void {
    if (word === "halt") this.#holdings.halt("operator");
    if (word !== "resume") return;
    this.#holdings.resume();
    this.#governors.rebase();
  }

  #tell({ commands }: Turn): void {
    const { state, reasons } = this.#holdings;
    const told = reasons.join();
    if (told === this.#told) return;
    this.#told = told;
    commands.push({ type: "state", state, reasons });
  }
}
