import { foreignReason, madeBy, roleOf } from "@smcq/engine";
import type { Alert, AlertKind } from "../kinds.ts";
import { type JournaledTurn, type JournaledWord, type JournalSight } from "./journaled-turn.ts";
import type { RulesState, SeenDifference } from "./rules-state.ts";

/** Orders of others that are remembered, so that each is told once. */
const FOREIGN_IDS_MAX = 256;
/** Two answers that agree about a difference are so far apart at least, as the core wants it, ms. */
const AGREE_MS = 2_000;

/** One row under the rules; what they find is put into it. */
export interface RuleContext {
  readonly turn: JournaledTurn;
  readonly sight: JournalSight;
  state: RulesState;
  readonly alerts: Alert[];
}

/**
 * What each word of the journal may bring; null: nothing by itself. A word that is not here does not compile, so that none is
 * forgotten. Reasons and exits, which the core's answers tell, stand in `reasons.ts` and `EXIT_ALERTS`.
 */
export const WORD_ALERTS: Readonly<Record<JournaledWord["type"], readonly AlertKind[] | null>> = {
  begun: ["run-begun"],
  lost: ["ledger-rows-lost"],
  restarted: ["engine-restarted"],
  operator: ["operator-word"],
  "feed-health": ["shard-off"],
  "clock-health": ["clock-doubtful"],
  "invalid-score": ["model-invalid-scores"],
  "order-update": ["trade-opened", "liquidation", "adl", "foreign-order"],
  answer: ["reconciliation-difference"],
  // The core's reasons tell of them: `ledger`, `account-stream`, `outcome-unknown`, `protection`, `key-refused` …
  "ledger-health": null,
  "account-lease": null,
  "account-stream": null,
  "order-outcome": null,
  "leverage-outcome": null,
  income: null,
  // Nothing that a person has to hear of.
  candidates: null,
  model: null,
  time: null,
  instrument: null,
  quotes: null,
  minute: null,
  leverage: null,
  "data-ended": null,
};

/** Takes what came. */
export function hear(context: RuleContext): void {
  const { word } = context.turn;
  switch (word.type) {
    case "begun":
      return tell(context, "run-begun", `Run ${context.turn.runId}`);
    case "lost":
      return tell(
        context,
        "ledger-rows-lost",
        `Events ${word.fromSeq} to ${word.toSeq} of run ${context.turn.runId} were not kept; nothing behind them can be replayed.`,
      );
    case "restarted":
      return tell(
        context,
        "engine-restarted",
        `Run ${context.turn.runId} goes on in a new process; the account is held against the venue first.`,
      );
    case "operator":
      return onOperator(context, word);
    case "feed-health":
      return hold(context, {
        kind: "shard-off",
        key: `shard:${word.shardId}`,
        isOn: !word.isLive,
        text: `Shard ${word.shardId} is off: its symbols bring no signals; what is held of them stays guarded at the venue.`,
      });
    case "clock-health":
      return hold(context, {
        kind: "clock-doubtful",
        key: "clock",
        isOn: !word.isSound,
        text: "Nothing is entered while the clock is in doubt; exits go on.",
      });
    case "invalid-score":
      return tell(context, "model-invalid-scores", `${word.rows} candidates were dropped.`);
    case "order-update":
      return onOrder(context, word.update);
    case "answer":
      if (word.answer.type === "positions") onPositions(context, word.answer);
      return;
    case "ledger-health":
    case "account-lease":
    case "account-stream":
    case "order-outcome":
    case "leverage-outcome":
    case "income":
    case "candidates":
    case "model":
    case "time":
    case "instrument":
    case "quotes":
    case "minute":
    case "leverage":
    case "data-ended":
      return;
    default:
      word satisfies never;
  }
}

/** An alert of this row, by its kind. */
function tell({ turn, alerts }: RuleContext, kind: AlertKind, text: string, key: string = kind): void {
  alerts.push({ kind, key, atMs: turn.nowMs, text });
}

function hold(
  context: RuleContext,
  {
    isOn,
    ...what
  }: { readonly kind: AlertKind; readonly key: string; readonly isOn: boolean; readonly text: string },
): void {
  const others = context.state.holds.filter(({ key }) => key !== what.key);
  const before = context.state.holds.find(({ key }) => key === what.key);
  const holds = isOn ? [...others, before ?? { ...what, sinceMs: context.turn.nowMs }] : others;
  context.state = { ...context.state, holds };
}

function onOperator(context: RuleContext, word: Extract<JournaledWord, { type: "operator" }>): void {
  // A halt is told as the state that it makes; `stop` is the process's own end.
  if (word.word === "stop" || word.word === "halt") return;
  const what = word.word === "close" ? `close ${context.sight.symbolOf(word.symbolId)}` : word.word;
  tell(context, "operator-word", `"${what}", by ${word.by ?? "the run's own end"}.`, `operator-word:${what}`);
}

function onOrder(
  context: RuleContext,
  update: Extract<JournaledWord, { type: "order-update" }>["update"],
): void {
  const { clientOrderId, symbolId, fill, status, cumQtySteps } = update;
  const { sight, state, turn } = context;
  const symbol = sight.symbolOf(symbolId);
  if (madeBy(clientOrderId) !== null && sight.isOwn(clientOrderId)) {
    // The first fill of an entry opens.
    if (fill === null || roleOf(clientOrderId) !== "entry" || cumQtySteps !== fill.qtySteps) return;
    const key = `trade-opened:${turn.runId}:${clientOrderId}`;
    return tell(context, "trade-opened", `${symbol} ${fill.side > 0 ? "long" : "short"}`, key);
  }
  if (fill === null && status !== "new") return;
  const reason = foreignReason(clientOrderId, false);
  if (reason === "liquidation" || reason === "adl") {
    const key = `${reason}:${symbol}`;
    if (fill === null || state.taken.includes(key)) return;
    context.state = { ...state, taken: [...state.taken, key] };
    return tell(
      context,
      reason,
      `${symbol}: ${reason === "liquidation" ? "its margin was used up" : "the venue reduced it by itself"}.`,
      key,
    );
  }
  if (reason !== "external" || state.foreignIds.includes(clientOrderId)) return;
  context.state = { ...state, foreignIds: [...state.foreignIds, clientOrderId].slice(-FOREIGN_IDS_MAX) };
  tell(
    context,
    "foreign-order",
    `${symbol}: an order that is none of this engine's. What it opens is guarded with a stop, and left to whoever opened it.`,
    `foreign-order:${symbol}`,
  );
}

/** A difference is told when a second answer, later than the first one, says the same. */
function onPositions(
  context: RuleContext,
  answer: Extract<Extract<JournaledWord, { type: "answer" }>["answer"], { type: "positions" }>,
): void {
  const found = context.sight.differences(answer.positions);
  if (found === null) return;
  const { askedMs } = answer;
  const seen = context.state.differences;
  const differences = found.map((difference): SeenDifference => {
    const { symbol, venueSteps, bookSteps } = difference;
    const before = seen.find(
      (one) => one.symbol === symbol && one.venueSteps === venueSteps && one.bookSteps === bookSteps,
    );
    const firstMs = before?.askedMs ?? askedMs;
    const isTold = before?.isTold === true || askedMs >= firstMs + AGREE_MS;
    if (isTold && before?.isTold === false) {
      const text = `${symbol}: the venue holds ${venueSteps} steps, the trades that were told make ${bookSteps}. The missing trades are asked for; what stays unexplained is believed to the venue.`;
      tell(context, "reconciliation-difference", text, `reconciliation-difference:${symbol}`);
    }
    return { symbol, venueSteps, bookSteps, askedMs: firstMs, isTold };
  });
  context.state = { ...context.state, differences };
}
