import { dateText, escapeHidden } from "@smcq/kernel";
import { type AlertKind, factsOf, rankOf, type Severity, SEVERITIES } from "../kinds.ts";

/** Alerts of a digest that are told in a line of their own; the others are counted by kind. */
export const DIGEST_LINES_MAX = 10;
/** The text of one alert is cut to so many characters. */
const TEXT_LENGTH_MAX = 1_000;
/** Of an alert in a digest only so much. */
const LINE_LENGTH_MAX = 160;

/** An alert as it is told. */
export interface ToldAlert {
  readonly alertId: number;
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly atMs: number;
  readonly text: string;
  /** How often it happened until now. */
  readonly count: number;
}

/** What a channel is to bring to a person; plain data, kept until it is there. */
export interface OutgoingMessage {
  /** Stable over every try: whoever gets it twice knows. */
  readonly id: string;
  readonly severity: Severity;
  readonly kind: AlertKind | "digest";
  readonly title: string;
  readonly lines: readonly string[];
  /** For machines; of a digest those that are told in a line. */
  readonly alerts: readonly ToldAlert[];
  /** How many alerts it stands for. */
  readonly alertCount: number;
}

/** The message of one alert. */
export function singleMessage(id: string, alert: ToldAlert): OutgoingMessage {
  const { kind, severity, atMs, text, count } = alert;
  return {
    id,
    severity,
    kind,
    title: `${severity.toUpperCase()}: ${factsOf(kind).title}`,
    lines: [
      ...cut(text, TEXT_LENGTH_MAX).split("\n"),
      ...(count > 1 ? [`${count} times so far`] : []),
      `What to do: docs/guide/runbook.md#${kind}`,
      `${dateText(atMs)}, id ${id}`,
    ],
    alerts: [alert],
    alertCount: 1,
  };
}

/** The message of many, the most severe first: what each kind came to, and some in a line each: first one of each kind. */
export function digestMessage(id: string, alerts: readonly ToldAlert[]): OutgoingMessage {
  const ranked = alerts.toSorted((a, b) => rankOf(b.severity) - rankOf(a.severity) || a.alertId - b.alertId);
  const shown = shownOf(ranked);
  const counts = SEVERITIES.toReversed().flatMap((severity) => {
    const count = alerts.filter((alert) => alert.severity === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  return {
    id,
    severity: ranked[0]?.severity ?? "info",
    kind: "digest",
    title: `${alerts.length} alerts: ${counts.join(", ")}`,
    lines: [
      ...kindLines(ranked),
      ...(alerts.length > shown.length ? [`${shown.length} of them:`] : []),
      ...shown.map(
        ({ kind, atMs, text, count }) =>
          `${dateText(atMs).slice(11, 19)}Z ${kind}${count > 1 ? ` x${count}` : ""}: ${cut(text.replaceAll("\n", "; "), LINE_LENGTH_MAX)}`,
      ),
      `id ${id}`,
    ],
    alerts: shown,
    alertCount: alerts.length,
  };
}

/** One of each kind as long as there is room, then the first of the others; in the order of the ranked alerts. */
function shownOf(ranked: readonly ToldAlert[]): readonly ToldAlert[] {
  const kinds = new Set<AlertKind>();
  const firsts = ranked.filter(({ kind }) => !kinds.has(kind) && kinds.add(kind));
  const others = ranked.filter((alert) => !firsts.includes(alert));
  const shown = new Set([...firsts, ...others].slice(0, DIGEST_LINES_MAX));
  return ranked.filter((alert) => shown.has(alert));
}

/** How often each kind came, in the order of the ranked alerts. */
function kindLines(ranked: readonly ToldAlert[]): readonly string[] {
  const counts = new Map<AlertKind, number>();
  for (const { kind, count } of ranked) counts.set(kind, (counts.get(kind) ?? 0) + count);
  return [...counts].map(([kind, count]) => `${count} x ${factsOf(kind).title} (${kind})`);
}

/** The first `max` characters, with a mark where there were more; no half of a pair is left. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  const head = text.slice(0, Math.max(0, max - 1));
  const last = head.charCodeAt(head.length - 1);
  return `${last >= 0xd8_00 && last <= 0xdb_ff ? head.slice(0, -1) : head}…`;
}

/** As text for eyes: title and lines, without what hides or turns text around. */
export function plainText({ title, lines }: Pick<OutgoingMessage, "title" | "lines">): string {
  return escapeHidden([title, ...lines].join("\n"), true);
}
