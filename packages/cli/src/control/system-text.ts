import { NONE, numberText } from "../offline/report/format.ts";
import { parityText } from "../offline/audit/audit-types.ts";
import { textTable } from "../offline/ledger/answer/text-table.ts";
import { utcText } from "@smcq/scoring";
import { busText } from "./bus-text.ts";
import { spanText } from "./control-text.ts";
import type { SystemView } from "./system-views.ts";

/** `smcq system` for eyes. */
export function systemText(view: SystemView): string {
  const last = view.rest.samples.at(-1);
  const rest =
    last === undefined
      ? ""
      : `\nREST: ${numberText(last.weightUsed)} of ${numberText(last.weightLimit)} weight in a minute\n`;
  return `${shardsText(view)}\n${connectionsText(view)}\n${queuesText(view)}${rest}${busText(view.bus)}${auditText(view)}`;
}

function auditText({ audit }: SystemView): string {
  if (audit === null) return "";
  const share = audit.parity === null ? NONE : parityText(audit.parity);
  return `audit: parity ${share}, made ${utcText(audit.atMs)}\n`;
}

function shardsText({ shards, scan }: SystemView): string {
  const table = textTable(
    [
      { name: "Shard", isFigure: true },
      { name: "Thread" },
      { name: "Scans" },
      { name: "Symbols", isFigure: true },
      { name: "Beat", isFigure: true },
      { name: "Restarts", isFigure: true },
      { name: "Bars", isFigure: true },
    ],
    shards.map(({ shardId, state, isScanOff, symbols, beatAgeMs, restarts, scanRestarts, rings }) => [
      String(shardId),
      state,
      isScanOff ? "off" : "on",
      String(symbols),
      beatAgeMs === null ? NONE : `${beatAgeMs} ms`,
      `${restarts}+${scanRestarts}`,
      `${rings.bars}/${rings.barsMax}`,
    ]),
  );
  const by = scan.compute === "pool" ? `${scan.threads} threads scan` : "each shard's thread scans";
  return `${table}${by}; restarts of threads + scans\n`;
}

function connectionsText({ connections, nowMs }: SystemView): string {
  return textTable(
    [
      { name: "Connection" },
      { name: "Open", isFigure: true },
      { name: "For", isFigure: true },
      { name: "Reconnects", isFigure: true },
      { name: "Last word", mayShrink: true },
    ],
    connections.map(({ kind, open, wanted, sinceMs, reconnects, words }) => [
      kind,
      `${open}/${wanted}`,
      sinceMs === null ? NONE : spanText(nowMs - sinceMs),
      String(reconnects),
      words === "" ? NONE : words,
    ]),
  );
}

function queuesText({ queues }: SystemView): string {
  return textTable(
    [
      { name: "Queue" },
      { name: "Of" },
      { name: "Waiting", isFigure: true },
      { name: "At most", isFigure: true },
      { name: "Lost", isFigure: true },
    ],
    queues.map(({ name, unit, waiting, waitingMax, lost }) => [
      name,
      unit,
      numberText(waiting),
      numberText(waitingMax),
      numberText(lost),
    ]),
  );
}
