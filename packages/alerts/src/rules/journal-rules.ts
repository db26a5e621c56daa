import type { TradeRecord } from "@smcq/engine";
import { type Alert, type AlertKind, factsOf } from "../kinds.ts";
import { cents, summaryOf, withMinute, withTrade } from "./day-tally.ts";
import { hear, type RuleContext } from "./heard.ts";
import type { JournaledTurn, JournalSight, ToldCommand } from "./journaled-turn.ts";
import { factsOfState } from "./reasons.ts";
import { FIRST_STATE, type RulesState } from "./rules-state.ts";

const DAY_MS = 86_400_000;

/** How a trade's end is told, besides as a closed trade; null: in no other way. */
export const EXIT_ALERTS: Readonly<Record<TradeRecord["reason"], AlertKind | null>> = {
  stop: null,
  target: null,
  stagnation: null,
  time: null,
  delist: null,
  "daily-loss": "daily-loss-flatten",
  // The halt says so.
  drawdown: null,
  // The word itself says so.
  operator: null,
  unguarded: "left-unguarded",
  liquidation: "liquidation",
  adl: "adl",
  external: "closed-by-others",
  "end-of-data": null,
};

/** A row of the journal after another into alerts: a fold whose state is plain data. */
export class JournalRules {
  #state: RulesState;

  constructor(state: RulesState = FIRST_STATE) {
    this.#state = state;
  }

  get state(): RulesState {
    return this.#state;
  }

  /** The alerts that a row brings, and those that time does. */
  take(turn: JournaledTurn, sight: JournalSight): readonly Alert[] {
    if (turn.runId !== this.#state.runId) this.#state = { ...this.#begun(), runId: turn.runId };
    // What has lasted until this row is told, though the row may end it.
    const lasting = this.pass(turn.nowMs);
    const context: RuleContext = { turn, sight, state: this.#state, alerts: [] };
    hear(context);
    for (const command of turn.commands) obey(context, command);
    this.#state = context.state;
    return [...lasting, ...context.alerts];
  }

  /** The journal has come so far without a word: what lasts is told. */
  pass(nowMs: number): readonly Alert[] {
    const { state, alerts } = ripe(this.#state, nowMs);
    this.#state = state;
    return alerts;
  }

  /** Another run: what was given in the one before is of that one, and its day begins with it. */
  #begun(): RulesState {
    return { ...FIRST_STATE, isTroubleTold: this.#state.isTroubleTold };
  }
}

/** What the core said. */
function obey(context: RuleContext, command: ToldCommand): void {
  switch (command.type) {
    case "state":
      return onState(context, command);
    case "trade-closed":
      return onClosed(context, command.trade);
    case "equity": {
      const { day, ended } = withMinute(context.state.day, command);
      context.state = { ...context.state, day };
      if (ended !== null) context.alerts.push(summaryOf(ended));
      return;
    }
    case "decided": {
      const { timeMs, receipt } = command.decision;
      const lossDayMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
      if (receipt.outcome !== "DAILY_LOSS" || context.state.lossDayMs === lossDayMs) return;
      context.state = { ...context.state, lossDayMs };
      const text = "Sizes are nothing until 00:00 UTC; positions stay with their stops.";
      context.alerts.push({
        kind: "daily-loss-stop",
        key: `daily-loss-stop:${lossDayMs}`,
        atMs: timeMs,
        text,
      });
      return;
    }
    // What became of orders, their reasons and exits tell.
    case "submit":
    case "cancel":
    case "ask":
    case "set-leverage":
    case "entry-failed":
    case "trade-corrected":
      return;
    default:
      command satisfies never;
  }
}

function onState(context: RuleContext, { state, reasons }: Extract<ToldCommand, { type: "state" }>): void {
  const { nowMs } = context.turn;
  const facts = factsOfState(state === "HALTED", reasons);
  const given = facts.map(({ kind }) => kind);
  const before = context.state;
  const isOver = (key: string): boolean =>
    key.startsWith("state:") && !given.some((kind) => key === `state:${kind}`);
  const holds = before.holds.filter(({ key }) => !isOver(key));
  let { isTroubleTold } = before;
  for (const { kind, text } of facts) {
    if (before.given.includes(kind)) continue;
    const key = `state:${kind}`;
    if ((factsOf(kind).holdMs ?? 0) > 0) holds.push({ kind, key, sinceMs: nowMs, text });
    else {
      context.alerts.push({ kind, key, atMs: nowMs, text });
      isTroubleTold = true;
    }
  }
  if (state === "ACTIVE" && isTroubleTold) {
    context.alerts.push({
      kind: "trading-active",
      key: "state:active",
      atMs: nowMs,
      text: "No reason against entries is left.",
    });
    isTroubleTold = false;
  }
  context.state = { ...before, given, holds, isTroubleTold };
}

function onClosed(context: RuleContext, trade: TradeRecord): void {
  const { symbol, reason, exitMs, pnlE8, r, tradeId } = trade;
  const { state } = context;
  const result = `${cents(pnlE8)} USDT${Number.isFinite(r) ? `, ${r.toFixed(2)} R` : ""}`;
  const text = `${symbol} ${trade.side > 0 ? "long" : "short"}, left by ${reason}: ${result}`;
  const kind = EXIT_ALERTS[reason];
  const isToldAlready =
    (kind === "liquidation" || kind === "adl") && state.taken.includes(`${kind}:${symbol}`);
  // One alert a day for all that a day's loss flattens.
  const subject = kind === "daily-loss-flatten" ? String(Math.floor(exitMs / DAY_MS) * DAY_MS) : symbol;
  if (kind !== null && !isToldAlready)
    context.alerts.push({ kind, key: `${kind}:${subject}`, atMs: exitMs, text });
  const key = `trade-closed:${context.turn.runId}:${tradeId}`;
  context.alerts.push({ kind: "trade-closed", key, atMs: exitMs, text });
  const taken = state.taken.filter((one) => !one.endsWith(`:${symbol}`));
  context.state = { ...state, taken, day: withTrade(state.day, trade) };
}

/** What has lasted long enough, and the state without it. */
function ripe(
  state: RulesState,
  nowMs: number,
): { readonly state: RulesState; readonly alerts: readonly Alert[] } {
  const isRipe = ({ kind, sinceMs }: RulesState["holds"][number]): boolean =>
    nowMs - sinceMs >= (factsOf(kind).holdMs ?? 0);
  const found = state.holds.filter(isRipe);
  if (found.length === 0) return { state, alerts: [] };
  const holds = state.holds.filter((hold) => !isRipe(hold));
  const isTroubleTold = state.isTroubleTold || found.some(({ key }) => key.startsWith("state:"));
  const alerts = found.map(({ kind, key, sinceMs, text }) => ({ kind, key, atMs: sinceMs, text }));
  return { state: { ...state, holds, isTroubleTold }, alerts };
}
