import type { EngineInput, EngineEventType, TradingCommand } from "@smcq/engine";
import type { Database } from "better-sqlite3";
import { fromCanonical } from "../journal/canonical.ts";
import { type JournalRow, OWN_KINDS } from "../journal/journal-row.ts";
import { OrderTables, type Place } from "./order-tables.ts";
import { RecordTables } from "./record-tables.ts";

/** The tables that are made from the journal. */
export const PROJECTION_TABLES = [
  "instruments",
  "orders",
  "algo_orders",
  "fills",
  "positions",
  "income",
  "trades",
  "decisions",
  "refusals",
  "equity",
  "incidents",
] as const;

/** Events that no table tells of: the row is not read again. */
const IS_UNTOLD: ReadonlySet<string> = new Set<EngineEventType>([
  "candidates",
  "model",
  "time",
  "quotes",
  "minute",
  "leverage",
  "data-ended",
]);

/** Whether no table tells of events of this kind. */
export function isUntold(kind: string): boolean {
  return IS_UNTOLD.has(kind);
}

/** A command as a row keeps it: without the seal of what was approved. */
export type KeptCommand =
  | Exclude<TradingCommand, { type: "submit" }>
  | {
      readonly type: "submit";
      readonly order: Extract<TradingCommand, { type: "submit" }>["order"]["value"];
    };

/**
 * Rows of the journal into tables, one after another: a pure fold, so that the same rows make the same tables. It reads and
 * writes tables by their bare names, which temporary ones may shadow.
 */
export class Projector {
  readonly #orders: OrderTables;
  readonly #records: RecordTables;

  constructor(db: Database) {
    this.#orders = new OrderTables(db);
    this.#records = new RecordTables(db);
  }

  take(runKey: number, { seq, kind, nowMs, event, commands }: JournalRow): void {
    const place = { runKey, seq, nowMs };
    // What the core said comes after what it heard.
    if (kind === OWN_KINDS.lost)
      this.#records.incident(place, { kind, detail: fromCanonical(event) as object });
    else if (kind !== OWN_KINDS.begun && !isUntold(kind))
      this.#hear(place, fromCanonical(event) as EngineInput);
    if (commands === "[]") return;
    for (const [nth, command] of (fromCanonical(commands) as readonly KeptCommand[]).entries())
      this.#obey(place, nth, command);
  }

  #hear(place: Place, event: EngineInput): void {
    for (const { symbolId, ...fill } of this.#orders.fills(place, event))
      this.#records.incident(place, { kind: "unknown-symbol", symbolId, detail: fill });
    switch (event.type) {
      case "instrument":
        return this.#orders.instrument(place, event);
      case "order-outcome":
        this.#orders.outcome(place, event);
        if (event.outcome.type !== "acked")
          this.#records.incident(place, { kind: `order-${event.outcome.type}`, detail: event });
        return;
      case "order-update":
        return this.#orders.status(place, event.update);
      case "leverage-outcome":
        if (event.outcome.type !== "acked")
          this.#records.incident(place, { kind: `leverage-${event.outcome.type}`, detail: event });
        return;
      case "income":
        return this.#records.income(place, event.income);
      case "answer":
        if (event.answer.type === "order" && event.answer.update !== null)
          this.#orders.status(place, event.answer.update);
        else if (event.answer.type === "income") this.#records.incomeRows(place, event.answer);
        return;
      case "invalid-score":
      case "feed-health":
      case "restarted":
      case "ledger-health":
      case "clock-health":
      case "account-lease":
      case "account-stream":
      case "operator": {
        const { type: kind, ...detail } = event;
        const symbolId = event.type === "operator" && event.word === "close" ? event.symbolId : null;
        return this.#records.incident(place, { kind, symbolId, detail });
      }
      case "candidates":
      case "model":
      case "time":
      case "quotes":
      case "minute":
      case "leverage":
      case "data-ended":
        return;
      default:
        event satisfies never;
    }
  }

  #obey(place: Place, nth: number, command: KeptCommand): void {
    switch (command.type) {
      case "submit":
        return this.#orders.sent(place, command.order);
      case "cancel":
        return this.#orders.cancelled(place, command.clientOrderId);
      case "decided":
        return this.#records.decision(place, nth, command.decision);
      case "trade-closed":
        return this.#records.trade(place, nth, command.trade);
      case "trade-corrected": {
        const { symbolId, tradeId, fundingE8, pnlE8, r } = command.trade;
        const detail = { tradeId, fundingE8, pnlE8, r };
        this.#records.corrected(place, command.trade);
        return this.#records.incident(place, { kind: command.type, symbolId, detail });
      }
      case "equity":
        return this.#records.equity(place, command);
      case "entry-failed": {
        const { type: kind, symbolId, ...detail } = command;
        return this.#records.incident(place, { kind, symbolId, detail });
      }
      case "state":
        return this.#records.incident(place, {
          kind: "state",
          detail: { state: command.state, reasons: command.reasons },
        });
      case "ask":
      case "set-leverage":
        return;
      default:
        command satisfies never;
    }
  }
}
