import { utcText } from "@smcq/scoring";
import { spanText } from "../control/control-text.ts";
import type { BarRow, CandidateView, MarketAnswer, SymbolState } from "../control/market-protocol.ts";
import { textTable, wrapped } from "../offline/ledger/answer/text-table.ts";
import { NONE, numberText } from "../offline/report/format.ts";
import type { SymbolAnswer } from "./ask-symbol.ts";

/** Rows of bars and of structures that a terminal shows; `--json` has all of them. */
const ROWS_SHOWN = 10;

/** `smcq market` for eyes. */
export function marketText({ nowMs, symbols }: MarketAnswer): string {
  if (symbols.length === 0) return "no symbol is watched\n";
  const table = textTable(
    [
      { name: "Symbol", mayShrink: true },
      { name: "M1" },
      { name: "M5" },
      { name: "Last bar" },
      { name: "State" },
      { name: "Candidate (UTC)" },
      { name: "Held" },
    ],
    symbols.map((one) => [
      one.symbol,
      trendText(one.m1Trend),
      trendText(one.m5Trend),
      one.ageMs === null ? NONE : `${spanText(one.ageMs)} ago`,
      stateText(one),
      candidateText(one.candidate),
      one.held ?? NONE,
    ]),
  );
  const stale = symbols.filter(({ isStale }) => isStale).length;
  const held = symbols.filter((one) => one.held !== null).length;
  const foot = `${numberText(symbols.length)} symbols at ${utcText(nowMs).slice(0, 19).replace("T", " ")}, ${numberText(stale)} stale, ${numberText(held)} held`;
  return `${table}\n${wrapped(foot)}`;
}

/** `smcq symbol` for eyes. */
export function symbolText(answer: SymbolAnswer): string {
  const { symbol, structures, bars, position, fills, fillsProblem } = answer;
  const { zones, pools, breaks, source } = structures;
  const last = breaks.at(-1);
  const lines = [
    `${symbol}: ${stateText(answer)}; M1 ${trendText(answer.m1Trend)}, M5 ${trendText(answer.m5Trend)}`,
    `last candidate: ${candidateText(answer.candidate)}`,
    position === null
      ? "nothing of it is held"
      : `held ${position.side}: ${position.qty} at ${position.entry}, stop ${position.stop ?? NONE}, target ${position.target ?? NONE}`,
    last === undefined
      ? "no break of structure in these bars"
      : `last break: ${last.kind} ${last.dir > 0 ? "up" : "down"} of ${last.level} at ${minuteText(last.atMs)}`,
    `${numberText(fills.length)} fills in the time of these bars`,
    ...(fillsProblem === null ? [] : [fillsProblem]),
  ];
  const whose = source === "engine" ? "the engine's detector" : "these bars alone";
  return [
    lines.map((line) => wrapped(line)).join(""),
    barsTable(bars),
    wrapped(`the last ${Math.min(ROWS_SHOWN, bars.length)} of ${bars.length} bars`),
    zonesTable(answer),
    wrapped(`${numberText(zones.length)} zones and ${numberText(pools.length)} pools, by ${whose}`),
  ].join("\n");
}

function barsTable(bars: readonly BarRow[]): string {
  const names = ["Open", "High", "Low", "Close", "Volume"];
  return textTable(
    [{ name: "Opened (UTC)" }, ...names.map((name) => ({ name, isFigure: true }))],
    bars
      .slice(-ROWS_SHOWN)
      .map((bar) => bar.map((field, at) => (at === 0 ? minuteText(field) : String(field)))),
  );
}

/** The zones that lie nearest to the last close. */
function zonesTable({ structures: { zones }, bars }: SymbolAnswer): string {
  const close = bars.at(-1)?.[4] ?? 0;
  const away = ({ top, bottom }: { readonly top: number; readonly bottom: number }): number =>
    Math.max(0, bottom - close, close - top);
  return textTable(
    [
      { name: "Zone" },
      { name: "Side" },
      { name: "Bottom", isFigure: true },
      { name: "Top", isFigure: true },
      { name: "Since (UTC)" },
      { name: "State" },
    ],
    zones
      .toSorted((left, right) => away(left) - away(right))
      .slice(0, ROWS_SHOWN)
      .map(({ kind, dir, bottom, top, fromMs, state }) => [
        kind,
        dir > 0 ? "long" : "short",
        String(bottom),
        String(top),
        minuteText(fromMs),
        state,
      ]),
  );
}

function stateText({ stage, isBusy, isStale }: SymbolState): string {
  if (isBusy) return "busy";
  return isStale ? `${stage}, STALE` : stage;
}

function trendText(trend: number | null): string {
  if (trend === null) return NONE;
  return trend > 0 ? "up" : trend < 0 ? "down" : "flat";
}

function candidateText(candidate: CandidateView | null): string {
  if (candidate === null) return NONE;
  const { closeMs, setup, side, score } = candidate;
  return `${minuteText(closeMs).slice(11)} ${setup} ${side} ${score.toFixed(3)}`;
}

function minuteText(ms: number): string {
  return utcText(ms).slice(0, 16).replace("T", " ");
}
