import type { RiskMetrics, TradingCore, Usage } from "@smcq/engine";
import { e8Text, SmcqError, symbolId as makeSymbolId } from "@smcq/kernel";
import type { JournaledRun } from "@smcq/ledger";
import type { RiskParameters } from "@smcq/risk";
import { counted, durationText, numberText, shareText } from "../report/format.ts";
import { figure } from "../report/receipt-text.ts";
import { type Answer, type Cell, figureCell, type Row } from "./answer/answer.ts";
import { runLine } from "./answer/question.ts";
import { textTable, wrapped } from "./answer/text-table.ts";
import { isoText } from "./answer/utc-time.ts";
import { secondText } from "./explain/second-text.ts";
import { type ReplayedCore, replayCore } from "../../replay/replay-run.ts";

const COLUMNS = ["metric", "value", "limit", "used_ratio", "there"] as const;

/** A figure beside what it may be at most. */
interface Limited {
  readonly name: string;
  readonly metric: string;
  readonly value: number;
  readonly limit: number;
  /** What happens there. */
  readonly meaning: string;
  readonly isCount?: boolean;
}

/** `smcq risk`: what is at risk and what holds entries back when the journal ends, by a core that has lived through it. */
export function askRisk(file: string, run: JournaledRun): Answer {
  const replayed = replayCore(file, run.runId);
  const trading = replayed.engine?.trading ?? null;
  const risk = run.options.trading?.risk;
  if (trading === null || risk === undefined)
    throw new SmcqError("LEDGER_RUN_MISMATCH", `run ${run.runId} did not trade: it has no risk`, {
      context: { runId: run.runId },
    });
  const broken = brokenText(replayed);
  // A core that has not heard everything, or answers otherwise, knows nothing of the end.
  if (broken !== null)
    return {
      isSound: false,
      data: { run: run.runId, isWhole: false, problem: broken },
      columns: COLUMNS,
      rows: [],
      text: `${runLine(run)}\n\n${wrapped(broken)}`,
    };
  const metrics = trading.getRiskMetrics();
  const limits = limitsOf(metrics, risk);
  const governors = governorsOf(metrics, trading, risk);
  const rows = rowsOf(metrics, limits);
  return {
    isSound: true,
    data: {
      run: run.runId,
      isWhole: true,
      at: isoText(metrics.atMs),
      reasons: metrics.reasons,
      governors,
      metrics: rows,
    },
    columns: COLUMNS,
    rows,
    text: `${runLine(run)}\n\n${headText(metrics)}\n${limitTable(limits)}\n${governors.map((line) => wrapped(line)).join("")}`,
  };
}

function brokenText({ difference, hole, events }: ReplayedCore): string | null {
  if (hole !== null)
    return `NOT KNOWN: events ${hole.fromSeq} to ${hole.toSeq} were not kept, and what they changed cannot be told.`;
  if (difference === null) return null;
  return `NOT KNOWN: after ${counted(events, "event")} a core gives other commands than the journal has at seq ${difference.seq} (${difference.kind}): smcq ledger replay shows them, smcq ledger verify whether the file was changed.`;
}

function limitsOf(metrics: RiskMetrics, risk: RiskParameters): readonly Limited[] {
  const usage = (name: string, metric: string, { ratio, cap }: Usage, meaning: string): Limited => ({
    name,
    metric,
    value: ratio,
    limit: cap,
    meaning,
  });
  const { dayLossRatio, drawdownRatio } = metrics;
  const day = (limit: number, meaning: string): Limited => ({
    name: "Loss of the day",
    metric: "day_loss",
    value: dayLossRatio,
    limit,
    meaning,
  });
  const drawdown = (limit: number, meaning: string): Limited => ({
    name: "Drawdown",
    metric: "drawdown",
    value: drawdownRatio,
    limit,
    meaning,
  });
  return [
    usage("Heat: every stop hit", "heat", metrics.heat, "size is cut"),
    usage("Heat of longs", "long_heat", metrics.longHeat, "size is cut"),
    usage("Heat of shorts", "short_heat", metrics.shortHeat, "size is cut"),
    usage("Gross notional", "gross", metrics.gross, "size is cut"),
    usage("Initial margin", "margins", metrics.margins, "size is cut"),
    day(risk.dayLossHalfRatio, "half size"),
    day(risk.dayLossStopRatio, "no entries"),
    day(risk.dayLossFlattenRatio, "everything is closed"),
    drawdown(risk.drawdownFreeRatio, "smaller sizes from here"),
    drawdown(risk.drawdownHalfRatio, "half size"),
    drawdown(haltingDrawdown(risk), "everything is closed, HALTED"),
    {
      name: `Stops in ${durationText(risk.streakMs)}`,
      metric: "streak_stops",
      value: metrics.streakStops,
      limit: risk.streakStops,
      meaning: "entries pause",
      isCount: true,
    },
    {
      name: "Entries in the last minute",
      metric: "entries_in_minute",
      value: metrics.entriesInMinute,
      limit: risk.entriesPerMinuteMax,
      meaning: "no entries",
      isCount: true,
    },
  ];
}

/** The drawdown at which its factor falls to its least value (docs/trading.md 4). */
function haltingDrawdown({
  drawdownFreeRatio: free,
  drawdownHalfRatio: half,
  drawdownFactorMin,
}: RiskParameters): number {
  return drawdownFactorMin > 0.5
    ? free + ((1 - drawdownFactorMin) / 0.5) * (half - free)
    : half + ((0.5 - drawdownFactorMin) / 0.5) * half;
}

function headText(metrics: RiskMetrics): string {
  const { walletE8, unrealisedE8, equityE8, reasons } = metrics;
  const state = reasons.length === 0 ? metrics.state : `${metrics.state} (${reasons.join(", ")})`;
  const lines = [
    `${state} as of the last event, ${secondText(metrics.atMs)} UTC`,
    `wallet ${e8Text(walletE8)} + unrealised ${e8Text(unrealisedE8)} = equity ${e8Text(equityE8)} USDT`,
    `${counted(metrics.openPositions, "position")} open, ${counted(metrics.pendingEntries, "approved entry", "approved entries")} on the way, ${counted(metrics.openOrders, "order")} open, ${numberText(metrics.unknownOrders)} of unknown outcome`,
  ];
  return lines.map((line) => wrapped(line)).join("");
}

function limitTable(limits: readonly Limited[]): string {
  const text = (value: number, { isCount }: Limited): string =>
    isCount === true ? numberText(value) : Number.isFinite(value) ? shareText(value, 2) : "no equity";
  return textTable(
    [
      { name: "Limit" },
      { name: "Now", isFigure: true },
      { name: "At most", isFigure: true },
      { name: "Used", isFigure: true },
      { name: "There" },
    ],
    limits.map((own) => [
      own.name,
      text(own.value, own),
      text(own.limit, own),
      Number.isFinite(own.value) ? shareText(usedOf(own), 0) : "–",
      own.meaning,
    ]),
  );
}

/** Share of a limit that is used; a gain uses nothing of a loss. */
function usedOf({ value, limit }: Limited): number {
  return limit > 0 ? Math.max(0, value) / limit : Number.NaN;
}

/** What makes sizes smaller or entries impossible now, a sentence each. */
function governorsOf(metrics: RiskMetrics, trading: TradingCore, risk: RiskParameters): readonly string[] {
  const { state, reasons, dailyFactor, drawdownFactor, isDayStopped, pausedUntilMs, locks, atMs } = metrics;
  const lines: string[] = [];
  if (state !== "ACTIVE") lines.push(`No entries: ${state} because of ${reasons.join(", ")}.`);
  if (isDayStopped) lines.push(`No entries: the day's loss had reached its limit.`);
  if (pausedUntilMs > atMs)
    lines.push(
      `No entries until ${secondText(pausedUntilMs)} UTC: ${risk.streakStops} exits by stop in ${durationText(risk.streakMs)}.`,
    );
  if (metrics.entriesInMinute >= risk.entriesPerMinuteMax)
    lines.push(`No entries for the moment: ${metrics.entriesInMinute} in the last minute.`);
  if (dailyFactor < 1) lines.push(`Sizes × ${figure(dailyFactor)}: loss of the day.`);
  if (drawdownFactor < 1) lines.push(`Sizes × ${figure(drawdownFactor)}: drawdown.`);
  for (const { symbolId, untilMs } of locks) {
    const symbol = trading.holdings.symbol(makeSymbolId(symbolId))?.symbol;
    lines.push(
      `No entries in ${symbol ?? `symbol ${symbolId}`} until ${secondText(untilMs)} UTC: stopped twice.`,
    );
  }
  return lines.length === 0 ? ["Nothing holds entries back."] : lines;
}

function rowsOf(metrics: RiskMetrics, limits: readonly Limited[]): readonly Row[] {
  const row = (metric: string, value: Cell): Row => ({
    metric,
    value,
    limit: null,
    used_ratio: null,
    there: null,
  });
  const { pausedUntilMs } = metrics;
  return [
    row("state", metrics.state),
    row("wallet", e8Text(metrics.walletE8)),
    row("unrealised", e8Text(metrics.unrealisedE8)),
    row("equity", e8Text(metrics.equityE8)),
    row("open_positions", metrics.openPositions),
    row("pending_entries", metrics.pendingEntries),
    row("open_orders", metrics.openOrders),
    row("unknown_orders", metrics.unknownOrders),
    row("daily_factor", metrics.dailyFactor),
    row("drawdown_factor", metrics.drawdownFactor),
    row("day_stopped", metrics.isDayStopped),
    row("paused_until", pausedUntilMs === 0 ? null : isoText(pausedUntilMs)),
    row("locked_symbols", metrics.locks.length),
    ...limits.map((own): Row => ({
      metric: own.metric,
      value: figureCell(own.value),
      limit: own.limit,
      used_ratio: figureCell(usedOf(own)),
      there: own.meaning,
    })),
  ];
}
