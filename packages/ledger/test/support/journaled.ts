import { join } from "node:path";
import type { Command, EngineEvent } from "@smcq/engine";
import { Rng } from "@smcq/kernel";
import { CoreDriver } from "../../../engine/test/support/core-driver.ts";
import { optionsOf } from "../../../engine/test/support/fixtures.ts";
import { HostileRun } from "../../../engine/test/support/hostile-run.ts";
import { begunRow, isFull, type JournalRow, rowOf } from "../../src/journal/journal-row.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";

/** Events and what the core answered, of a person's random day at one symbol. */
export interface Recorded {
  readonly event: EngineEvent;
  readonly commands: readonly Command[];
}

/** Trades of every kind: won, stopped, refused, funded, left by a person; each step is one or more events. */
export function randomDay(seed: number, steps: number): readonly Recorded[] {
  const rng = new Rng(seed);
  const recorded: Recorded[] = [];
  const driver = new CoreDriver(
    2,
    { symbolLockMs: 0, streakMs: 0 },
    { onTurn: (event, commands) => recorded.push({ event, commands }) },
  );
  let ids = 0;
  for (let step = 0; step < steps; step++) {
    driver.minute("100", "100");
    const isFree = driver.core.holdings.trades.size === 0;
    const luck = rng.next();
    if (luck < 0.1) driver.decide(driver.candidate(1, { score: 0.65, atr: 40 }));
    if (luck < 0.2)
      driver.put({
        type: "income",
        income: {
          incomeId: String(++ids),
          type: rng.chance(0.5) ? "funding" : "transfer",
          symbolId: null,
          amountE8: BigInt(rng.int(1e9)) - 500_000_000n,
          timeMs: driver.nowMs,
        },
      });
    if (!isFree || driver.core.holdings.state !== "ACTIVE") {
      driver.put({ type: "operator", word: "resume" });
      driver.wait(1_000);
      continue;
    }
    driver.enter();
    if (driver.core.holdings.trades.size === 0) continue;
    if (rng.chance(0.2)) {
      driver.refuse("entry", "MARGIN_INSUFFICIENT");
      continue;
    }
    driver.ack("entry");
    driver.fill("entry");
    driver.ack("stop");
    driver.ack("target");
    if (rng.chance(0.3)) driver.minute("100.3", "100");
    if (rng.chance(0.4)) {
      driver.fill("target", { ticks: 10_100 });
      driver.end("stop");
    } else if (rng.chance(0.5)) {
      driver.fill("stop", { ticks: 9_930 });
      driver.end("target");
    } else {
      driver.put({ type: "operator", word: "flatten" });
      driver.end("target");
      driver.fill("exit", { ticks: 10_001 });
      driver.end("stop");
    }
  }
  driver.minute("100", "100");
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
export function rowsOf(recorded: readonly Recorded[]): readonly { row: JournalRow; isFull: boolean }[] {
  const begun = begunRow(optionsOf({ symbolLockMs: 0, streakMs: 0 }), { nowMs: 0, nowNs: 0 });
  return [
    { row: begun, isFull: true },
    ...recorded.map(({ event, commands }, index) => ({
      row: rowOf(index + 1, event, commands),
      isFull: isFull(event, commands),
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
      const isSynced = batch.some(({ isFull }) => isFull);
      store.appendJournal(
        runId,
        batch.map(({ row }) => row),
        isSynced,
      );
    }
  }
  store.close();
  return file;
}
