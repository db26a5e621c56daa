import { e8ToNumber, MINUTE_MS } from "@smcq/kernel";
import type { JournaledRun, RecordFilter, RecordReader, SignalAt, StoredDecision } from "@smcq/ledger";
import type { TradePlanParameters } from "@smcq/strategy";
import { REFUSAL_CODES, type RefusalCode, type RiskParameters } from "@smcq/risk";
import { counted, durationText, numberText, shareText } from "../../report/format.ts";
import { heldAt, stateAt } from "./moment.ts";
import { besideText } from "./second-text.ts";

const DAY_MS = 86_400_000;

/** Gates of docs/trading.md 3 that no core asks yet: nothing of what they are about can happen in a simulated account. */
export const UNASKED_GATES: ReadonlySet<RefusalCode> = new Set(["BAR_UNCONFIRMED", "FUNDING_NEAR"] as const);

export interface GateVerdict {
  readonly gate: RefusalCode;
  /** `not reached`: an earlier gate had refused. */
  readonly verdict: "passed" | "REFUSED" | "not reached" | "not built";
  /** What was compared with what; empty where nothing more is known. */
  readonly numbers: string;
}

/** What gates are told from. */
interface Ground {
  readonly reader: RecordReader;
  readonly run: JournaledRun;
  readonly risk: RiskParameters;
  readonly plan: TradePlanParameters;
  readonly decision: StoredDecision;
  readonly signal: SignalAt | null;
}

/** Every gate in its order, with the numbers that it judged by. */
export function gatesOf(
  reader: RecordReader,
  run: JournaledRun,
  { decision, signal }: { readonly decision: StoredDecision; readonly signal: SignalAt | null },
): readonly GateVerdict[] {
  const { trading } = run.options;
  if (trading === undefined) return [];
  const { risk, plan } = trading;
  const ground = { reader, run, risk, plan, decision, signal };
  const { outcome } = decision.receipt;
  const last = outcome === "APPROVED" ? REFUSAL_CODES.length : REFUSAL_CODES.indexOf(outcome);
  return REFUSAL_CODES.map((gate, at) => {
    const isUnasked = UNASKED_GATES.has(gate) && gate !== outcome;
    const verdict = isUnasked
      ? "not built"
      : at < last
        ? "passed"
        : gate === outcome
          ? "REFUSED"
          : "not reached";
    return {
      gate,
      verdict,
      numbers: verdict === "not built" ? "" : NUMBERS[gate](ground, verdict === "REFUSED"),
    };
  });
}

type Numbers = (ground: Ground, isRefused: boolean) => string;

const NOTHING: Numbers = () => "";

const NUMBERS: Readonly<Record<RefusalCode, Numbers>> = {
  STATE_NOT_ACTIVE: ({ reader, run, decision }, isRefused) => {
    const { state, reasons, sinceMs } = stateAt(
      reader.incidents(run.runKey, "state"),
      ({ seq }) => seq <= decision.seq,
    );
    if (isRefused && state === "ACTIVE")
      return "the run was ending, or one entry is to show first that stops stand";
    const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
    return `${state}${why}${sinceMs === null ? "" : ` since ${besideText(sinceMs, decision.timeMs)}`}`;
  },
  MODEL_OBSERVED: NOTHING,
  UNPROVEN_LIVE: ({ run }, isRefused) => {
    if (isRefused) return "nothing is proven about the scorer, and risk.allowUnproven is false";
    return run.options.trading?.refusesUnproven === true
      ? "the model is proven"
      : "not asked for: a simulated account, or risk.allowUnproven";
  },
  SIGNAL_STALE: ({ run, decision, signal }) => {
    if (signal === null) return "";
    const ageMs = decision.timeMs - (signal.openTimeMs + MINUTE_MS);
    return `${numberText(ageMs / 1_000, 1)} s after the close, at most ${durationText(run.options.signalAgeMsMax)}`;
  },
  BAR_UNCONFIRMED: NOTHING,
  FEED_STALE: ({ decision: { receipt } }, isRefused) => {
    if (receipt.unknown.includes("quote")) return "no quote of the symbol was known";
    return isRefused ? "the feed of the symbol's shard had ended" : "";
  },
  CLOCK_DOUBTFUL: (_, isRefused) => (isRefused ? "the venue's time could not be relied on" : ""),
  SYMBOL_BLOCKED: ({ decision: { receipt } }, isRefused) => {
    if (receipt.unknown.includes("rules")) return "no rules of the symbol were known";
    return isRefused
      ? "the venue told of a position that no trade explained, or the symbol is about to be delivered"
      : "";
  },
  POSITION_OPEN: ({ reader, run, decision }, isRefused) => {
    const held = heldAt(reader.fills(run.runKey, decision.symbol), ({ seq }) => seq <= decision.seq);
    // The venue's list may have one that no trade has explained yet.
    if (held === null) return isRefused ? "told by the venue, no trade of it yet" : "none";
    return `${counted(Math.abs(held.steps), "step")} ${held.steps > 0 ? "long" : "short"} since ${besideText(held.sinceMs, decision.timeMs)}`;
  },
  ORDER_PENDING: ({ reader, run, decision }, isRefused) => {
    if (!isRefused) return "";
    const last = reader
      .orders(run.runKey, decision.symbol)
      .findLast(({ sentMs }) => sentMs <= decision.timeMs);
    return last === undefined
      ? "an approved entry waited to be sent"
      : `its last order: ${last.role}, sent ${besideText(last.sentMs, decision.timeMs)}`;
  },
  SYMBOL_LOCKED: (ground, isRefused) => {
    const { risk, decision } = ground;
    const stops = endsBefore(ground, "stop", decision.symbol).slice(-2);
    if (!isRefused)
      return `${counted(stops.length, "exit")} by stop, 2 within ${durationText(risk.symbolLockMs)} lock`;
    const [first, second] = stops;
    const text = (atMs: number): string => besideText(atMs, decision.timeMs);
    if (first !== undefined && second !== undefined && second - first <= risk.symbolLockMs)
      return `stopped ${text(first)} and ${text(second)}: locked until ${text(second + risk.symbolLockMs)}`;
    const adlMs = endsBefore(ground, "adl", decision.symbol).at(-1);
    if (adlMs !== undefined) return `auto-deleveraged ${text(adlMs)}: left alone for a while`;
    const failed = ground.reader
      .incidents(ground.run.runKey, "entry-failed")
      .findLast((one) => one.seq <= decision.seq && one.symbol === decision.symbol);
    return failed === undefined
      ? "left alone: the venue took its stops off, or nobody explains a trade of it"
      : `left alone: its last entry failed ${text(failed.atMs)} (${(failed.detail as { readonly reason: string }).reason})`;
  },
  STREAK_PAUSE: (ground, isRefused) => {
    const { risk, decision } = ground;
    const stops = endsBefore(ground, "stop", null).slice(-risk.streakStops);
    const [first, last] = [stops[0], stops.at(-1)];
    if (isRefused && first !== undefined && last !== undefined) {
      const [a, b, end] = [first, last, last + risk.streakMs].map((atMs) =>
        besideText(atMs, decision.timeMs),
      );
      return `${stops.length} exits by stop from ${a} to ${b}: pause until ${end}`;
    }
    const recent = stops.filter((atMs) => atMs >= decision.timeMs - risk.streakMs).length;
    return `${counted(recent, "exit")} by stop in ${durationText(risk.streakMs)}, ${risk.streakStops} pause`;
  },
  ENTRY_THROTTLE: ({ reader, run, risk, decision }) => {
    const window = { sinceMs: decision.timeMs - MINUTE_MS + 1, untilMs: decision.timeMs + 1 };
    const approved = reader.decisions({ ...all(run, null, "APPROVED"), ...window }).rows;
    const before = approved.filter(
      ({ seq, nth }) => seq < decision.seq || (seq === decision.seq && nth < decision.nth),
    );
    return `${counted(before.length, "approval")} in the minute before, at most ${risk.entriesPerMinuteMax}`;
  },
  DAILY_LOSS: (ground) => {
    const limit = `at most ${shareText(ground.risk.dayLossStopRatio)}`;
    const loss = dayLossOf(ground);
    return loss === null ? limit : `day's loss ${shareText(loss, 3)}, ${limit}`;
  },
  FUNDING_NEAR: NOTHING,
  TICK_TOO_COARSE: ({ plan, decision: { receipt } }) =>
    receipt.unit === null ? "" : `tick at most ${shareText(plan.tickRatioMax, 3)} of ${receipt.unit.e}`,
  STOP_TOO_WIDE: ({ plan, decision: { receipt } }) =>
    receipt.unit === null
      ? ""
      : `stop ${shareText(receipt.unit.d / receipt.unit.e, 2)} away, at most ${shareText(plan.stopDistanceRatioMax)}`,
  COST_GATE: ({ risk, decision: { receipt } }) =>
    receipt.unit === null
      ? ""
      : `costs ${numberText(receipt.unit.c, 3)} of the stop distance, at most ${risk.costRatioMax}`,
  REWARD: ({ risk, decision: { receipt } }) =>
    receipt.unit === null
      ? ""
      : `${numberText(receipt.unit.b, 3)} for a unit of loss, at least ${risk.rewardRatioMin}`,
  KELLY: ({ decision: { receipt } }) =>
    receipt.kelly === null
      ? "not applicable: nothing is proven of the scorer"
      : `Kelly's share ${shareText(receipt.kelly.fraction)}, above 0`,
  TOO_SMALL: ({ decision: { receipt } }) =>
    receipt.size === null ? "" : `${counted(receipt.size.steps, "step")}, bound by ${receipt.size.boundBy}`,
};

function all(run: JournaledRun, symbol: string | null, kind: string | null): RecordFilter {
  const { runKey } = run;
  return { runKey, symbol, kind, sinceMs: null, untilMs: null, limit: Number.MAX_SAFE_INTEGER };
}

/** When positions were left for a reason, as far as it was known at the decision, in order. */
function endsBefore(
  { reader, run, decision }: Ground,
  reason: "stop" | "adl",
  symbol: string | null,
): readonly number[] {
  // What a person opened and lost by its stop says nothing of our setups.
  return reader
    .trades(all(run, symbol, reason))
    .rows.filter(({ setup, endSeq }) => endSeq <= decision.seq && (reason === "adl" || setup !== 0))
    .map(({ exitMs }) => exitMs)
    .sort((a, b) => a - b);
}

/** The day's loss as a share, of the minutes that had closed; null where transfers have to be known as well. */
function dayLossOf({ reader, run, decision }: Ground): number | null {
  // A minute is told some seconds after its end: the gate knew of those that had been told.
  const toldMs = reader.minuteBefore(run.runKey, decision.seq);
  const now = toldMs === null ? null : reader.equityAt(run.runKey, toldMs);
  const dayE8 = dayEquityE8(reader, run, decision.timeMs);
  if (dayE8 <= 0n || reader.booked(run.runKey).transfersE8 !== 0n) return null;
  return now === null ? 0 : e8ToNumber(dayE8 - now.equityE8) / e8ToNumber(dayE8);
}

/** Equity at the last 00:00 that a minute closed at; the start before the first. */
function dayEquityE8(reader: RecordReader, run: JournaledRun, atMs: number): bigint {
  for (let dayMs = Math.floor(atMs / DAY_MS) * DAY_MS; dayMs >= (run.firstMs ?? atMs); dayMs -= DAY_MS) {
    const midnight = reader.equityAt(run.runKey, dayMs);
    if (midnight?.closeMs === dayMs) return midnight.equityE8;
  }
  return run.options.trading?.startWalletE8 ?? 0n;
}
