import { hash } from "node:crypto";
import type { Command, EngineEvent, EngineEventType, EngineOptions } from "@smcq/engine";
import { canonicalText } from "./canonical.ts";

/** A row of the journal on its way to the file; only the ledger's thread knows what stands before it. */
export interface JournalRow {
  /** Of its run: 0 is the run's beginning, then the engine's own count. */
  readonly seq: number;
  /** The event's type, or one of `OWN_KINDS`. */
  readonly kind: string;
  /** Venue ms. */
  readonly nowMs: number;
  /** Monotonic ns. */
  readonly nowNs: number;
  /** Canonical text of the event without its times. */
  readonly event: string;
  /** Canonical text of those commands that the tables are made of. */
  readonly commands: string;
  /** sha256 over the canonical text of all commands, hex. */
  readonly commandsHash: string;
}

/** Rows that are no events: a run's beginning (the engine's options), and a hole (events that were not kept). */
export const OWN_KINDS = { begun: "run-begun", lost: "events-lost" } as const;

/** What stands before the first row of a file. */
export const CHAIN_START: string = "0".repeat(64);

/**
 * How safe an event's row has to be before anything that opens a position leaves because of it. `full`: told by the
 * venue or a person, nobody tells it again; synced to the disk. `normal`: a power cut may cost the last ones.
 *
 * Every kind of event is here: each brings time, and time alone closes windows and makes orders overdue. What cannot
 * change the core's state never becomes an event: unfinished klines, minute reports, reads of the risk metrics.
 */
const DURABILITY: Readonly<Record<EngineEventType, "full" | "normal">> = {
  candidates: "normal",
  "invalid-score": "normal",
  model: "normal",
  "feed-health": "normal",
  restarted: "full",
  "ledger-health": "normal",
  "clock-health": "normal",
  "account-lease": "normal",
  operator: "full",
  time: "normal",
  instrument: "normal",
  quotes: "normal",
  minute: "normal",
  "order-outcome": "full",
  "order-update": "full",
  income: "full",
  answer: "full",
  leverage: "full",
  "leverage-outcome": "full",
  "account-stream": "full",
  "data-ended": "normal",
};

/** Which commands a row keeps word for word: those that the tables are made of; of all others it keeps the hash. */
const IS_KEPT: Readonly<Record<Command["type"], boolean>> = {
  emit: false,
  wake: false,
  decide: false,
  "judge-model": false,
  ask: false,
  submit: true,
  cancel: true,
  "set-leverage": false,
  decided: true,
  "trade-closed": true,
  "trade-corrected": true,
  "entry-failed": true,
  equity: true,
  state: true,
};

/** Commands that reach the venue: with one of them the row is an intent. */
const IS_INTENT: ReadonlySet<Command["type"]> = new Set(["submit", "cancel", "set-leverage"]);

/** Returns whether the row of this event has to be synced to the disk. */
export function isFull(event: EngineEvent, commands: readonly Command[]): boolean {
  return DURABILITY[event.type] === "full" || commands.some(({ type }) => IS_INTENT.has(type));
}

/** Returns whether an entry waits until the row of these commands is durable (docs/decisions.md 43). */
export function isAwaited(commands: readonly Command[]): boolean {
  return commands.some((command) => command.type === "submit" && command.order.value.role === "entry");
}

/** An order that was approved is journaled by what it says: the seal says nothing more. */
function plain(command: Command): unknown {
  return command.type === "submit" ? { type: "submit", order: command.order.value } : command;
}

/** The row of an event and of what the core answered. */
export function rowOf(seq: number, event: EngineEvent, commands: readonly Command[]): JournalRow {
  const { nowMs, nowNs, ...input } = event;
  const texts = commands.map((command) => canonicalText(plain(command)));
  const kept = texts.filter((_, index) => IS_KEPT[(commands[index] as Command).type]);
  return {
    seq,
    kind: event.type,
    nowMs,
    nowNs,
    event: canonicalText(input),
    commands: `[${kept.join(",")}]`,
    commandsHash: hash("sha256", `[${texts.join(",")}]`),
  };
}

/** When a row of our own is written. */
interface RowTimes {
  readonly nowMs: number;
  readonly nowNs: number;
}

/** What the first row of a run tells: what its engine was made with, who carries its orders out, and on which account. */
export interface RunBegun extends EngineOptions {
  readonly orders?: string;
  readonly account?: string;
}

/** The first row of a run, so that another engine can be made. */
export function begunRow(begun: RunBegun, times: RowTimes): JournalRow {
  return ownRow(0, OWN_KINDS.begun, begun, times);
}

/** Events `fromSeq` to `toSeq` were not kept: nothing behind them can be replayed. */
export function lostRow(fromSeq: number, toSeq: number, times: RowTimes): JournalRow {
  return ownRow(toSeq, OWN_KINDS.lost, { fromSeq, toSeq }, times);
}

function ownRow(seq: number, kind: string, event: object, { nowMs, nowNs }: RowTimes): JournalRow {
  return {
    seq,
    kind,
    nowMs,
    nowNs,
    event: canonicalText(event),
    commands: "[]",
    commandsHash: hash("sha256", "[]"),
  };
}

/** The hash of a row behind `previous`, hex: over everything that the row says, a field a line, and none has a line's end. */
export function chainHash(previous: string, runId: string, row: JournalRow): string {
  const { seq, kind, nowMs, nowNs, event, commands, commandsHash } = row;
  const times = `${canonicalText(nowMs)} ${canonicalText(nowNs)}`;
  const lines = [previous, JSON.stringify(runId), `${seq} ${JSON.stringify(kind)} ${times}`];
  return hash("sha256", [...lines, event, commands, commandsHash].join("\n"));
}
