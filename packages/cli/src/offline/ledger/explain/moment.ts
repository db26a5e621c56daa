import type {
  JournaledRun,
  RecordFilter,
  RecordReader,
  SignalAt,
  StoredDecision,
  StoredFill,
  StoredIncident,
  StoredTrade,
} from "@smcq/ledger";
import { MINUTE_MS } from "@smcq/kernel";

/** Longer after its bar nobody decides on a signal, however late it came. */
const LATE_MS_MAX = 3_600_000;

/** The engine's state, and since when. */
export interface StateAt {
  readonly state: string;
  readonly reasons: readonly string[];
  /** Null: since the run's beginning. */
  readonly sinceMs: number | null;
}

/** What was held of a symbol. */
export interface HeldAt {
  /** Negative is short. */
  readonly steps: number;
  readonly sinceMs: number;
  /** The order whose fill opened it. */
  readonly clientOrderId: string;
}

/** What was held, and the decision that it came from; null: of no decision of ours. */
export interface HeldNow extends HeldAt {
  readonly decidedMs: number | null;
}

/** A signal with the decision that it led to; one of both may be missing. */
export interface Judged {
  readonly signal: SignalAt | null;
  readonly decision: StoredDecision | null;
}

/** What is known of a symbol's minute in a run. */
export interface Moment {
  readonly run: JournaledRun;
  readonly symbol: string;
  /** The close of the bar, and the beginning of the minute in which it was decided on. */
  readonly closeMs: number;
  readonly judged: readonly Judged[];
  /** Signals of other symbols of the same bars: somebody looked. */
  readonly otherSignals: number;
  readonly state: StateAt;
  /** Changes of the state inside the minute after the close. */
  readonly changes: readonly StateAt[];
  /** At the close. */
  readonly held: HeldNow | null;
  /** Trades of the symbol that ended inside the minute after the close. */
  readonly closed: readonly StoredTrade[];
}

export function momentOf(reader: RecordReader, run: JournaledRun, symbol: string, closeMs: number): Moment {
  const { runKey } = run;
  const signals = reader.signalsAt(runKey, closeMs - MINUTE_MS, closeMs);
  const own = signals.filter((signal) => signal.symbol === symbol);
  const states = reader.incidents(runKey, "state");
  return {
    run,
    symbol,
    closeMs,
    judged: judgedOf(own, decisionsAfter(reader, run, { symbol, closeMs }), closeMs),
    otherSignals: signals.length - own.length,
    state: stateAt(states, ({ atMs }) => atMs <= closeMs),
    changes: states
      .filter(({ atMs }) => atMs > closeMs && atMs < closeMs + MINUTE_MS)
      .map((incident) => stateOf(incident)),
    held: heldNow(reader, run, { symbol, closeMs }),
    closed: reader.trades({
      ...allOf(run, symbol),
      sinceMs: closeMs,
      untilMs: closeMs + MINUTE_MS,
    }).rows,
  };
}

function allOf({ runKey }: JournaledRun, symbol: string): RecordFilter {
  return { runKey, symbol, kind: null, sinceMs: null, untilMs: null, limit: Number.MAX_SAFE_INTEGER };
}

interface Minute {
  readonly symbol: string;
  readonly closeMs: number;
}

function heldNow(reader: RecordReader, run: JournaledRun, { symbol, closeMs }: Minute): HeldNow | null {
  const held = heldAt(reader.fills(run.runKey, symbol), ({ timeMs }) => timeMs <= closeMs);
  if (held === null) return null;
  const opening = reader
    .orders(run.runKey, symbol)
    .find(({ clientOrderId, role }) => role === "entry" && clientOrderId === held.clientOrderId);
  if (opening === undefined) return { ...held, decidedMs: null };
  const filter = { ...allOf(run, symbol), kind: "APPROVED", untilMs: opening.sentMs + 1 };
  return { ...held, decidedMs: reader.decisions(filter).rows.at(-1)?.timeMs ?? null };
}

/** Decisions of the symbol from the close on that may be about its signals. */
function decisionsAfter(
  reader: RecordReader,
  run: JournaledRun,
  { symbol, closeMs }: Minute,
): readonly StoredDecision[] {
  const window = { sinceMs: closeMs, untilMs: closeMs + LATE_MS_MAX };
  return reader.decisions({ ...allOf(run, symbol), ...window }).rows;
}

/**
 * Which signal led to which decision: they say the same of side, setup and score, in the order of both. A decision of the
 * minute that no signal of the bar explains is about an earlier bar, or its signal was not stored.
 */
function judgedOf(
  signals: readonly SignalAt[],
  decisions: readonly StoredDecision[],
  closeMs: number,
): readonly Judged[] {
  const left = [...decisions];
  const judged: Judged[] = signals.map((signal) => {
    const at = left.findIndex(
      ({ side, setup, score, timeMs }) =>
        side === signal.side &&
        setup === signal.setup &&
        score === signal.score &&
        timeMs >= signal.openTimeMs + MINUTE_MS,
    );
    return { signal, decision: at < 0 ? null : (left.splice(at, 1)[0] ?? null) };
  });
  for (const decision of left)
    if (decision.timeMs < closeMs + MINUTE_MS) judged.push({ signal: null, decision });
  return judged;
}

function stateOf({ detail, atMs }: StoredIncident): StateAt {
  const { state, reasons } = detail as { readonly state: string; readonly reasons: readonly string[] };
  return { state, reasons, sinceMs: atMs };
}

/** The last state that was told of those that count; ACTIVE before the first. */
export function stateAt(
  states: readonly StoredIncident[],
  counts: (incident: StoredIncident) => boolean,
): StateAt {
  const last = states.findLast(counts);
  return last === undefined ? { state: "ACTIVE", reasons: [], sinceMs: null } : stateOf(last);
}

/** What the fills that count have left; null: nothing. */
export function heldAt(fills: readonly StoredFill[], counts: (fill: StoredFill) => boolean): HeldAt | null {
  let [steps, sinceMs, clientOrderId] = [0, 0, ""];
  for (const fill of fills.filter(counts)) {
    const before = Math.sign(steps);
    steps += fill.side * fill.qtySteps;
    if (Math.sign(steps) !== before) ({ timeMs: sinceMs, clientOrderId } = fill);
  }
  return steps === 0 ? null : { steps, sinceMs, clientOrderId };
}
