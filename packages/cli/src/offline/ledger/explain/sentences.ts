import { e8Text, MINUTE_MS } from "@smcq/kernel";
import { counted, minuteText, numberText } from "../../report/format.ts";
import { outcomeMeaning } from "../../report/meanings.ts";
import { sideText } from "../../report/receipt-text.ts";
import type { Judged, Moment, StateAt } from "./moment.ts";
import { secondText } from "./second-text.ts";

/** What kind of minute it was. */
export type Status =
  | "unknown-symbol"
  | "not-running"
  | "no-signal"
  | "below-threshold"
  /** A signal above the threshold, and no decision: the journal ends, or has a hole. */
  | "undecided"
  | "decided";

/** What happened in a minute, in true sentences: first the answer, then what was so at that time. */
export function sentencesOf(moment: Moment): {
  readonly status: Status;
  readonly sentences: readonly string[];
} {
  const { judged, run } = moment;
  const status = statusOf(moment);
  const sentences =
    status === "no-signal"
      ? [noSignal(moment)]
      : judged.map((own) => judgedSentence(own, run.options.scoreMin));
  return {
    status,
    sentences: [
      ...sentences,
      stateSentence(moment),
      ...heldSentences(moment),
      ...closedSentences(moment),
      ...edges(moment),
    ],
  };
}

function statusOf({ judged, run }: Moment): Status {
  if (judged.length === 0) return "no-signal";
  if (judged.some(({ decision }) => decision !== null)) return "decided";
  const isAbove = judged.some(({ signal }) => (signal?.score ?? 0) > run.options.scoreMin);
  return isAbove ? "undecided" : "below-threshold";
}

function noSignal({ symbol, otherSignals }: Moment): string {
  const others =
    otherSignals === 0
      ? "nor of any other symbol"
      : `though ${counted(otherSignals, "signal")} of other symbols ${otherSignals === 1 ? "was" : "were"}`;
  return `No signal: none of ${symbol} was stored for this bar, ${others}. At its close no setup was found, or the bar did not come.`;
}

function judgedSentence({ signal, decision }: Judged, scoreMin: number): string {
  const said = decision ?? signal;
  if (said === null) return "";
  const name = `Setup S${said.setup} ${sideText(said.side)}, score ${numberText(said.score ?? Number.NaN, 3)}`;
  if (decision !== null) {
    const { outcome } = decision.receipt;
    const earlier = signal === null ? " Its signal is of an earlier bar, or was not stored." : "";
    return `${name}: ${outcome}, decided ${secondText(decision.timeMs)} UTC. ${outcomeMeaning(outcome)}${earlier}`;
  }
  if ((said.score ?? 0) > scoreMin)
    return `${name}, above the threshold of ${scoreMin}: no decision was kept. The run ended before it, or its event was not kept.`;
  return `${name}: not above the threshold of ${scoreMin}, so nothing was decided.`;
}

function stateSentence({ state, changes }: Moment): string {
  const then = changes
    .map((change) => `, ${stateText(change)} from ${secondText(change.sinceMs ?? 0)} on`)
    .join("");
  const since = state.sinceMs === null ? "since the run's beginning" : `since ${secondText(state.sinceMs)}`;
  return `The engine was ${stateText(state)} ${since}${then}.`;
}

function stateText({ state, reasons }: StateAt): string {
  return reasons.length === 0 ? state : `${state} (${reasons.join(", ")})`;
}

function heldSentences({ held, symbol }: Moment): readonly string[] {
  if (held === null) return [`Nothing of ${symbol} was held at the close.`];
  const side = held.steps > 0 ? "long" : "short";
  const entry =
    held.decidedMs === null
      ? " No entry of ours opened it."
      : ` Its entry: smcq explain ${symbol} "${minuteText(held.decidedMs)}".`;
  return [
    `Held at the close: ${counted(Math.abs(held.steps), "step")} ${side} since ${secondText(held.sinceMs)} UTC.${entry}`,
  ];
}

function closedSentences({ closed }: Moment): readonly string[] {
  return closed.map(({ exitMs, reason, pnlE8, signalMs, symbol, setup }) => {
    const how = setup === 0 ? "" : ` (smcq explain ${symbol} "${minuteText(signalMs)}")`;
    return `A trade of it ended at ${secondText(exitMs)} UTC: ${reason}, ${e8Text(pnlE8)} USDT${how}.`;
  });
}

/** Where the run begins or ends inside the minute, and where it has holes. */
function edges({ run, closeMs }: Moment): readonly string[] {
  const { firstMs, lastMs, holes } = run;
  const found: string[] = [];
  if (firstMs !== null && firstMs > closeMs)
    found.push(`The run's first event came at ${secondText(firstMs)}, after this close.`);
  if (lastMs !== null && lastMs < closeMs + MINUTE_MS)
    found.push(
      `The journal ends at ${secondText(lastMs)}, inside the minute from ${minuteText(closeMs).slice(11)} on.`,
    );
  if (holes > 0)
    found.push(`The journal of this run has ${counted(holes, "hole")}: what happened there is not known.`);
  return found;
}
