import { MINUTE_MS } from "@smcq/kernel";
import { fromCanonical } from "../journal/canonical.ts";
import type { JournalRow } from "../journal/journal-row.ts";
import { isUntold } from "../projections/projector.ts";

/**
 * What rows of one run's journal name: every row of a table that they have made or changed is among those that carry one of
 * these. More may be named than was changed, never less: names are taken wherever they stand in event and commands.
 */
export class Touched {
  readonly runKey: number;
  /** First and last seq, both included. */
  fromSeq: number;
  toSeq: number;
  readonly orderIds: Set<string> = new Set();
  readonly symbolIds: Set<number> = new Set();
  readonly tradeIds: Set<number> = new Set();
  readonly closeMs: Set<number> = new Set();
  readonly minuteMs: Set<number> = new Set();

  constructor(runKey: number, seq: number) {
    this.runKey = runKey;
    this.fromSeq = seq;
    this.toSeq = seq;
  }

  take({ seq, kind, event, commands }: Pick<JournalRow, "seq" | "kind" | "event" | "commands">): void {
    this.fromSeq = Math.min(this.fromSeq, seq);
    this.toSeq = Math.max(this.toSeq, seq);
    if (!isUntold(kind)) this.#look(fromCanonical(event));
    if (commands !== "[]") this.#look(fromCanonical(commands));
  }

  #look(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value) this.#look(item);
      return;
    }
    for (const [name, field] of Object.entries(value)) this.#name(name, field);
  }

  #name(name: string, field: unknown): void {
    if (name === "clientOrderId" && typeof field === "string") this.orderIds.add(field);
    else if (typeof field === "number") this.#number(name, field);
    else this.#look(field);
  }

  #number(name: string, field: number): void {
    if (name === "symbolId") this.symbolIds.add(field);
    else if (name === "tradeId") this.tradeIds.add(field);
    else if (name === "closeMs") this.closeMs.add(field);
    else if (name === "timeMs") this.minuteMs.add(Math.floor(field / MINUTE_MS) * MINUTE_MS);
  }
}
