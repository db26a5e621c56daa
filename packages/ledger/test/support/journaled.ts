import { join } from "node:path";
import type { Command, EngineEvent } from "@smcq/engine";
import { HostileRun } from "../../../engine/test/support/hostile-run.ts";
import { begunRow, isAwaited, isFull, type JournalRow, rowOf } from "../../src/journal/journal-row.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";
import { DAY_OPTIONS, RandomDay } from "./random-day.ts";

/** Events and what the core answered, of a person's random day at one symbol. */
export interface Recorded {
  readonly event: EngineEvent;
  readonly commands: readonly Command[];
}

/** Everything of a random day up to the minute behind its last step. */
export function randomDay(seed: number, steps: number): readonly Recorded[] {
  const recorded: Recorded[] = [];
  const day = new RandomDay(seed, (event, commands) => recorded.push({ event, commands }));
  for (let step = 0; step < steps; step++) day.step();
  day.minute();
  return recorded;
}

/** A run against a venue that loses, doubles and delays its words; its core is as it was at the end. */
export function hostileRun(
  seed: number,
  minutes: number,
): { recorded: readonly Recorded[]; run: HostileRun } {
  const recorded: Recorded[] = [];
  const run = new HostileRun(seed, (event, commands) => recorded.push({ event, commands }));
  run.minutes(minutes, true);
  run.venue.isHostile = false;
  run.venue.isQuiet = true;
  run.seconds(90);
  return { recorded, run };
}

/** The rows that a journal makes of them, in order, and whether each is to be synced. */
export function rowsOf(
  recorded: readonly Recorded[],
): readonly { row: JournalRow; isFull: boolean; isAwaited: boolean }[] {
  const begun = begunRow(DAY_OPTIONS, { nowMs: 0, nowNs: 0 });
  return [
    { row: begun, isFull: true, isAwaited: false },
    ...recorded.map(({ event, commands }, index) => ({
      row: rowOf(index + 1, event, commands),
      isFull: isFull(event, commands),
      isAwaited: isAwaited(commands),
    })),
  ];
}

/** A ledger's file with these runs in it, batch by batch. */
export function fileOf(runs: Readonly<Record<string, readonly Recorded[]>>): string {
  const file = join(temporaryFolder(), "ledger.db");
  const store = new LedgerStore({ file });
  for (const [runId, recorded] of Object.entries(runs)) {
    store.beginRun(runRecord(runId));
    const rows = rowsOf(recorded);
    for (let at = 0; at < rows.length; at += 7) {
      const batch = rows.slice(at, at + 7);
      store.appendJournal({
        runId,
        rows: batch.map(({ row }) => row),
        isFull: batch.some((one) => one.isFull),
        isAwaited: batch.some((one) => one.isAwaited),
      });
    }
    store.makeTables(runId);
  }
  store.close();
  return file;
}
