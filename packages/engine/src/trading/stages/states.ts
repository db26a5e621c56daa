import type { Governors } from "@smcq/risk";
import type { AccountAnswer, OrderUpdate } from "@smcq/exchange";
import type { Alarm } from "../alarm.ts";
import type { EngineEvent, EngineEventType, OperatorWord } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import { madeBy } from "../order-ids.ts";
import type { EntryFailure, HaltReason, TradingState } from "../trading-events.ts";
import type { Turn } from "./closing-orders.ts";
import type { OrderChange, OrderTracker } from "./order-tracker.ts";

/** An order whose outcome is unknown for so long, from its sending on, stops entries. */
export const UNKNOWN_MS = 5_000;
/** Failures of protection inside `PROTECTION_WINDOW_MS`: with so many nothing is entered, with so many a person has to look. */
export const FAILURES_REDUCING = 2;
export const FAILURES_HALTING = 3;
/** Questions in a row that are refused for the key: one alone may be the venue's own mistake, a second one is not. */
export const KEY_REFUSALS_MAX = 2;

/** Refusals after which no order has a chance until a person has looked. */
const HALTING: Partial<Readonly<Record<EntryFailure, HaltReason>>> = {
  KEY_REFUSED: "key-refused",
  POSITION_SIDE: "hedge-mode",
};

/** What may be done, and every reason why not more, each with the venue's time at which it was given. */
export interface Standing {
  readonly state: TradingState;
  readonly sinceMs: number | null;
  readonly reasons: readonly { readonly reason: string; readonly sinceMs: number }[];
}

/** Events that change equity. */
const MONEY: ReadonlySet<EngineEventType> = new Set(["minute", "order-update", "income", "answer"]);

/** Gives and takes back the reasons to enter nothing, and tells of every change (docs/trading.md 9). */
export class States {
  readonly #holdings: Holdings;
  readonly #governors: Governors;
  readonly #orders: OrderTracker;
  readonly #alarm: Alarm;
  /** Equity of nothing, or less, is doubt and no size. */
  #isBroke = false;
  #isStreamLive = true;
  /** The account is this process's own, or nobody else may have it. */
  #isLeaseHeld = true;
  /** Questions in a row that the venue answered with no more than that it refuses the key. */
  #keyRefusals = 0;
  #toldVersion = 0;
  #toldState: TradingState = "ACTIVE";
  #stateSinceMs: number | null = null;
  readonly #reasonsSinceMs = new Map<string, number>();

  constructor(
    parts: { readonly holdings: Holdings; readonly governors: Governors; readonly orders: OrderTracker },
    alarm: Alarm,
  ) {
    this.#holdings = parts.holdings;
    this.#governors = parts.governors;
    this.#orders = parts.orders;
    this.#alarm = alarm;
  }

  on(event: EngineEvent, changes: readonly OrderChange[], turn: Turn): void {
    for (const change of changes) {
      const reason = change.type === "refused" ? HALTING[change.code] : undefined;
      if (reason !== undefined) this.#holdings.halt(reason);
    }
    if (event.type === "order-update" && this.#isOfSecondEngine(event.update))
      this.#holdings.halt("second-engine");
    if (event.type === "answer") this.#judgeKey(event.answer);
    if (event.type === "operator") this.#obey(event.word);
    else if (event.type === "account-stream") this.#isStreamLive = event.isLive;
    else if (event.type === "restarted") {
      this.#isStreamLive = false;
      this.#holdings.reduce("ledger", false);
    } else if (event.type === "ledger-health") this.#holdings.reduce("ledger", !event.isSound);
    else if (event.type === "account-lease") this.#hold(event.isHeld);
    if (MONEY.has(event.type)) this.#isBroke = this.#holdings.portfolio.equityE8 <= 0n;
    this.#judge(turn);
    this.#tell(turn);
  }

  #hold(isHeld: boolean): void {
    this.#isLeaseHeld = isHeld;
    this.#holdings.reduce("account-lease", !isHeld);
  }

  /** A key that is refused may be wanted by no order for long, and nobody would hear of it (AC10). */
  #judgeKey(answer: AccountAnswer): void {
    if (answer.type !== "failed") this.#keyRefusals = 0;
    else if (answer.refusal !== undefined && ++this.#keyRefusals >= KEY_REFUSALS_MAX)
      this.#holdings.halt("key-refused");
  }

  /** What time and money say by themselves. */
  #judge(turn: Turn): void {
    const { nowMs } = turn;
    const { isUnchecked, isStreamSilent } = this.#holdings;
    this.#holdings.reduce("account-stream", !this.#isStreamLive || isUnchecked || isStreamSilent);
    const sinceMs = this.#orders.unknownSinceMs;
    const unknownMs = Math.max(UNKNOWN_MS, 2 * this.#holdings.options.wordFloorMs);
    const isUnknown = sinceMs !== null && nowMs >= sinceMs + unknownMs;
    if (sinceMs !== null) this.#alarm.at(sinceMs + unknownMs, turn);
    this.#holdings.reduce("outcome-unknown", isUnknown);
    this.#holdings.reduce("account-doubtful", this.#holdings.isWalletDoubtful || this.#isBroke);
    const failures = this.#holdings.unprotectedCount(nowMs);
    this.#holdings.failProtection(failures >= FAILURES_REDUCING);
    if (failures >= FAILURES_HALTING) this.#holdings.halt("protection");
  }

  /**
   * Another engine orders on this account: one with other ids, or one that counts ours anew (AC11). Who does not hold the account's
   * lease hears of whoever has it now.
   */
  #isOfSecondEngine({ status, clientOrderId }: OrderUpdate): boolean {
    if (!this.#isLeaseHeld) return false;
    // What was placed before this run began may still fill; only what is new now is somebody's who runs now.
    const maker = status === "new" ? madeBy(clientOrderId) : null;
    if (maker === null) return false;
    return !this.#holdings.isOwn(clientOrderId) || maker.intent > this.#holdings.lastIntent;
  }

  #obey(word: OperatorWord | "close"): void {
    if (word === "halt") this.#holdings.halt("operator");
    if (word !== "resume") return;
    // What was lost before another halt stays lost: only who resumes after a drawdown has looked at it.
    if (this.#holdings.reasons.includes("drawdown")) this.#governors.rebase();
    this.#holdings.resume();
  }

  #tell({ commands, nowMs }: Turn): void {
    const { reasonsVersion } = this.#holdings;
    if (reasonsVersion === this.#toldVersion) return;
    this.#toldVersion = reasonsVersion;
    const { state, reasons } = this.#holdings;
    if (state !== this.#toldState) this.#stateSinceMs = nowMs;
    this.#toldState = state;
    for (const reason of this.#reasonsSinceMs.keys())
      if (!reasons.includes(reason)) this.#reasonsSinceMs.delete(reason);
    for (const reason of reasons)
      if (!this.#reasonsSinceMs.has(reason)) this.#reasonsSinceMs.set(reason, nowMs);
    commands.push({ type: "state", state, reasons });
  }

  /** The state that was told last, and since when; a time is null before anything was told. */
  get standing(): Standing {
    return {
      state: this.#toldState,
      sinceMs: this.#stateSinceMs,
      reasons: [...this.#reasonsSinceMs].map(([reason, sinceMs]) => ({ reason, sinceMs })),
    };
  }
}
