import { isoText } from "../offline/ledger/answer/utc-time.ts";
import type { Severity } from "@smcq/alerts";
import type { Told } from "./alert-sink.ts";
import type { Scenario } from "./scenarios.ts";
import type { Naked, Seen } from "./watch.ts";

/** One thing that has to hold, whatever goes wrong. */
export interface Verdict {
  readonly what: string;
  /** Null: it is told, not judged. */
  readonly isHeld: boolean | null;
  readonly detail: string;
}

/** What a drill came to. */
export interface DrillReport {
  readonly scenario: Scenario;
  readonly speed: number;
  /** From the end of the fault until everything was sound, wall ms; null: it never was. */
  readonly recoveredMs: number | null;
  /** Why it was halted and had to be resumed by a person, each time. */
  readonly halts: readonly string[];
  readonly naked: Naked;
  /** How often each fault has struck. */
  readonly faultsStruck: Readonly<Record<string, number>>;
  readonly verdicts: readonly Verdict[];
  /** What the alerts told, by the limits of the settings. */
  readonly alerts: readonly Told[];
  /** The settings name a way by which a person is told; else these would have reached nobody. */
  readonly isTold: boolean;
  readonly severityMin: Severity;
  readonly story: readonly Seen[];
  /** Entries of the story that had no room. */
  readonly left: number;
}

/** Nothing that has to hold was broken. */
export function isPassed({ verdicts }: DrillReport): boolean {
  return verdicts.every(({ isHeld }) => isHeld !== false);
}

const MARKS = { true: "held", false: "BROKEN", null: "told" } as const;
const BY: Readonly<Record<Seen["by"], string>> = {
  drill: "the drill",
  state: "`smcq status`",
  guard: "`smcq positions`",
  log: "the log",
};

/** The report as Markdown. */
export function reportText(report: DrillReport): string {
  const { scenario, speed, recoveredMs, halts, naked, faultsStruck, verdicts, story, left } = report;
  const struck = Object.entries(faultsStruck).map(([id, times]) => `${id} ${times} times`);
  return [
    `# Drill: ${scenario.name}`,
    "",
    `${capital(scenario.title)}. The venue ran ${speed} times as fast as life.`,
    "",
    `- What to expect: ${scenario.guide}.`,
    `- Result: ${isPassed(report) ? "**passed**" : "**FAILED**"}.`,
    `- Sound again: ${recoveredMs === null ? "never" : `${secondsText(recoveredMs)} after the end of the fault (wall time)`}.`,
    `- A person had to: ${halts.length === 0 ? "do nothing" : `look, and say \`smcq resume\` (${halts.join("; ")})`}.`,
    `- Longest time without a confirmed stop: ${Math.round(naked.wallMsMax)} ms of wall time.`,
    `- Faults struck: ${struck.length === 0 ? "none of the venue's" : struck.join(", ")}.`,
    "",
    "## What has to hold",
    "",
    "| | what | figure |",
    "| --- | --- | --- |",
    ...verdicts.map(
      ({ what, isHeld, detail }) => `| ${MARKS[`${isHeld}`]} | ${cell(what)} | ${cell(detail)} |`,
    ),
    "",
    "## What you would have been told",
    "",
    ...alertLines(report),
    "",
    "## What you would have seen",
    "",
    "Times are wall time since the drill began; beside them the venue's clock (UTC).",
    "",
    "| time | venue | where | what |",
    "| --- | --- | --- | --- |",
    ...story.map(
      ({ atMs, venueMs, by, text, again, lastMs }) =>
        `| ${secondsText(atMs)} | ${venueMs === null ? "" : isoText(venueMs).slice(11, 19)} | ${BY[by]} | ${cell(text)}${again > 0 ? ` (${again} times more, until ${secondsText(lastMs)})` : ""} |`,
    ),
    ...(left > 0 ? ["", `${left} more are left out.`] : []),
    "",
  ].join("\n");
}

/** Every alert that came, with the second in which it did; in a digest the most severe. */
function alertLines({ alerts, isTold, severityMin }: DrillReport): readonly string[] {
  const nobody = isTold
    ? ""
    : " Your settings name no way (`alerts.channels`): it would have reached nobody.";
  const whose = `From severity ${severityMin} on (\`alerts.severityMin\`), whatever your quiet hours are.${nobody}`;
  if (alerts.length === 0) return [whose, "", "Nothing was told."];
  const rows = alerts.flatMap(({ atMs, kind: messageKind, alertCount, alerts: told }) => {
    const lines = told.map(
      ({ severity, kind, text, count }) =>
        `| ${secondsText(atMs)} | ${severity} | ${kind} | ${cell(text)}${count > 1 ? ` (${count} times)` : ""}${messageKind === "digest" ? " (in a digest)" : ""} |`,
    );
    const more = alertCount - told.length;
    return more > 0 ? [...lines, `| ${secondsText(atMs)} | | digest | ${more} more in it |`] : lines;
  });
  return [
    `${whose} Each kind has an entry in the runbook (docs/guide/runbook.md).`,
    "",
    "| time | severity | kind | what it said |",
    "| --- | --- | --- | --- |",
    ...rows,
  ];
}

function secondsText(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
