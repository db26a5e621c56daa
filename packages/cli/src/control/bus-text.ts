import type { BusStatus } from "../bus/bus-status.ts";
import { textTable } from "../offline/ledger/answer/text-table.ts";
import { numberText } from "../offline/report/format.ts";

/** How an engine does with those of other hosts, for eyes; empty: it meets none. */
export function busText(status: BusStatus | null): string {
  if (status === null) return "";
  const { role, isConnected, losses, signals } = status;
  const way = isConnected ? "connected" : "NO CONNECTION";
  const head = `\nbus: ${role}, ${way}, lost ${losses} times; words waiting ${signals.waiting}, dropped ${signals.dropped}, lag ${signals.lag}, poison ${signals.poison}\n`;
  return `${head}${toldText(status)}${heardText(status)}${membersText(status)}`;
}

function toldText({ told, parts }: BusStatus): string {
  if (told === null) return "";
  const own =
    parts === null
      ? ""
      : `parts: ${parts.held} of ${parts.parts} held, ${parts.warming} warming, ${parts.leaving} leaving, ${parts.orphans} without an owner that lives\n`;
  return `${own}told: ${numberText(told.signals)} signals, ${numberText(told.bars)} bars (${told.late} late, ${told.missing} never came)\n`;
}

function heardText({ heard }: BusStatus): string {
  if (heard === null) return "";
  const { signals, taken, repeated, otherRun, unknown, dropped, bars, missing, unscanned } = heard;
  return `parts: ${heard.partsLive} of ${heard.parts} told of\nheard: ${numberText(signals)} signals, ${numberText(taken)} taken (left out: ${repeated} repeated, ${otherRun} of another plan or model, ${unknown} unknown, ${dropped} dropped); ${numberText(bars)} bars (${unscanned} not scanned, ${missing} missing)\n`;
}

function membersText({ parts }: BusStatus): string {
  if (parts === null) return "";
  return textTable(
    [
      { name: "Scanner", mayShrink: true },
      { name: "Parts", isFigure: true },
      { name: "Ready", isFigure: true },
      { name: "Beat", isFigure: true },
    ],
    parts.members.map(({ member, held, ready, symbols, ageMs, isLeaving }) => [
      member === parts.member ? `${member} (this one)` : isLeaving ? `${member} (goes)` : member,
      String(held),
      `${ready}/${symbols}`,
      `${ageMs} ms`,
    ]),
  );
}
