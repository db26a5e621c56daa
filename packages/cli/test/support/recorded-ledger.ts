import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, EngineEvent, EngineOptions, RunRecord, Signal } from "@smcq/engine";
import { FEATURE_COUNT, SystemClock } from "@smcq/kernel";
import { ledgerFile, openLedger } from "@smcq/ledger";
import { type EntryPlan, MARKET_ENTRY } from "@smcq/strategy";
import { onTestFinished } from "vitest";
import { HostileRun } from "../../../engine/test/support/hostile-run.ts";
import { RandomEvents } from "../../../engine/test/support/random-events.ts";
import { witnessed } from "../../../engine/test/support/risk-witness.ts";

/** What went into a core and what came out. */
export interface RecordedRun {
  readonly runId: string;
  /** Absent: it ends with its process. */
  readonly account?: string;
  readonly options: EngineOptions;
  readonly turns: readonly { readonly event: EngineEvent; readonly commands: readonly Command[] }[];
}

export function runRecord(runId: string): RunRecord {
  return {
    runId,
    mode: "sim",
    startedAtMs: 1,
    engineVersion: "0.0.0",
    configHash: "",
    configJson: "{}",
    scorerId: "heuristic-1",
    modelJson: "{}",
    featureSchemaHash: "",
    smcParametersJson: "{}",
    seed: 1,
  };
}

/** A data folder that is gone when the test is over. */
export function temporaryDataDir(): string {
  const dataDir = mkdtempSync(join(tmpdir(), "smcq-ledger-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  return dataDir;
}

/** A signal as the ledger takes it: with all of its features. */
function stored(signal: Signal): Signal {
  return { ...signal, features: new Float32Array(FEATURE_COUNT) };
}

/** A data folder with the ledger of these runs, written by its thread. */
export async function recordedLedger(
  runs: readonly RecordedRun[],
  dataDir: string = temporaryDataDir(),
): Promise<string> {
  const ledger = await openLedger({
    file: ledgerFile(dataDir),
    queueMax: 1_000,
    clock: new SystemClock(),
    onEvent() {},
  });
  for (const { runId, account, options, turns } of runs) {
    await ledger.beginRun(runRecord(runId));
    const journal = ledger.openJournal({
      engine: options,
      onHealth() {},
      ...(account === undefined ? {} : { account }),
    });
    for (const [index, { event, commands }] of turns.entries()) {
      for (const command of commands) if (command.type === "emit") ledger.append(command.signals.map(stored));
      journal.append(index + 1, event, commands);
    }
    journal.write();
    await ledger.endRun(runId, 2, {});
  }
  await ledger.close();
  return dataDir;
}

/** Five minutes with entries against a venue that loses, doubles and delays its words. */
export function recorded(seed: number): RecordedRun {
  const turns: RecordedRun["turns"][number][] = [];
  const run = new HostileRun(seed, (event, commands) => turns.push({ event, commands }));
  run.minutes(5, true);
  return { runId: `run-${seed}`, options: run.options, turns };
}

/** Runs against venues that lose words, and random events with entries of both kinds. */
export function twentyRuns(seed: number): readonly RecordedRun[] {
  return Array.from({ length: 20 }, (_, round) => {
    if (round % 2 === 0) return recorded(seed + round);
    const turns: RecordedRun["turns"][number][] = [];
    const entry: EntryPlan =
      round % 4 === 1 ? MARKET_ENTRY : { kind: "limit", offsetAtr: 0.1, expiryBars: 5 };
    const run = new RandomEvents(seed + round, witnessed(), entry, (event, commands) =>
      turns.push({ event, commands }),
    );
    run.run(90);
    return { runId: `run-${seed + round}`, options: run.options, turns };
  });
}
