import type { ClusterHealth, MinuteReport } from "@smcq/cluster";
import { FeedCounter } from "@smcq/exchange";
import { tradingPart, type TradingReport } from "./trading-report.ts";
import { type ModelReport, modelFields, modelPart } from "./model-report.ts";

/** What the scored candidates of a report's minutes came to. */
export interface SignalTally {
  readonly candidates: number;
  readonly aboveScoreMin: number;
  readonly bestScore: number;
}

/** Trouble since the last line, and what of the market is not watched now; shown when not 0. */
const TROUBLES = [
  "reconnects",
  "gaps",
  "restFinals",
  "corrections",
  "badFrames",
  "badBars",
  "resets",
  "rebuilds",
  "tornReads",
  "warming",
  "short",
  "shardsOff",
  "signalsLost",
  "invalidScores",
  "suppressed",
  "feedStale",
  "inboxDropped",
] as const;

/** What was left out since the last line, and why. */
export interface LeftOut {
  /** Signals above the threshold that were not decided on, because the model is only observed. */
  readonly suppressed: number;
  /** Signals above the threshold of shards whose feed had ended when they were to be decided. */
  readonly feedStale: number;
  /** Events that the core never saw, because too many waited. */
  readonly inboxDropped: number;
}

/** The fields of the minute line; units in the names. */
export function minuteFields(
  report: MinuteReport,
  tally: SignalTally,
  health: ClusterHealth &
    LeftOut & {
      readonly signalsLost: number;
      readonly model: ModelReport;
      /** Null: nobody trades. */
      readonly trading: TradingReport | null;
    },
): Readonly<Record<string, unknown>> {
  const feed = (counter: FeedCounter): number => report.feed[counter] as number;
  return {
    minute: minuteName(report.minuteMs),
    minutes: report.minutes,
    barsClosed: report.barsClosed,
    barsExpected: report.barsExpected,
    messages: feed(FeedCounter.Messages),
    closeToScoredP50Ms: round(report.latencyP50Us / 1_000),
    closeToScoredP99Ms: round(report.latencyP99Us / 1_000),
    closeToScoredMsMax: round(report.latencyUsMax / 1_000),
    candidates: tally.candidates,
    // Every candidate is scored in the task that found it.
    scored: tally.candidates,
    aboveScoreMin: tally.aboveScoreMin,
    bestScore: tally.bestScore,
    reconnects: feed(FeedCounter.Reconnects),
    gaps: feed(FeedCounter.Gaps),
    restFinals: feed(FeedCounter.RestFinals),
    corrections: feed(FeedCounter.Corrections),
    badFrames: feed(FeedCounter.BadFrames),
    badBars: feed(FeedCounter.BadBars),
    resets: feed(FeedCounter.Resets),
    rebuilds: report.rebuilds,
    tornReads: report.tornReads,
    ready: health.ready,
    m5Ready: health.m5Ready,
    warming: health.warming,
    short: health.short,
    shardsOff: health.shardsOff,
    signalsLost: health.signalsLost,
    suppressed: health.suppressed,
    feedStale: health.feedStale,
    inboxDropped: health.inboxDropped,
    ...modelFields(health.model),
    ...health.trading,
    invalidScores: health.model.health?.invalid ?? 0,
  } satisfies Record<(typeof TROUBLES)[number], number> & Record<string, unknown>;
}

const MINUTE_FORMAT = new Intl.DateTimeFormat("sv-SE", {
  timeZone: "UTC",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
});

/** `2026-11-20T10:41Z`: a minute that sorts, whatever the year. */
function minuteName(minuteMs: number): string {
  // "sv-SE" writes ISO dates; the Date global is the kernel's.
  return `${MINUTE_FORMAT.format(minuteMs).replace(" ", "T")}Z`;
}

/** The minute line for eyes; troubles are named only when there are any. */
export function minuteText(fields: Readonly<Record<string, unknown>>): string {
  const troubles = TROUBLES.filter((key) => fields[key] !== 0).map((key) => `${key} ${String(fields[key])}`);
  return [
    `${String(fields["minute"])}`,
    `bars ${String(fields["barsClosed"])}/${String(fields["barsExpected"])}`,
    `close to scored p50 ${ms(fields["closeToScoredP50Ms"])} p99 ${ms(fields["closeToScoredP99Ms"])} max ${ms(fields["closeToScoredMsMax"])} ms`,
    `candidates ${String(fields["candidates"])}, scored ${String(fields["scored"])}, above threshold ${String(fields["aboveScoreMin"])}, best ${Number(fields["bestScore"]).toFixed(2)}`,
    ...[modelPart(fields), tradingPart(fields)].filter((part) => part !== ""),
    ...(troubles.length > 0 ? [troubles.join(", ")] : ["reconnects 0"]),
  ].join(" | ");
}

function ms(value: unknown): string {
  return Number(value).toFixed(1);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
