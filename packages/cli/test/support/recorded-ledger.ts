import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, EngineEvent, EngineOptions, RunRecord } from "@smcq/engine";
import { SystemClock } from "@smcq/kernel";
import { ledgerFile, openLedger } from "@smcq/ledger";
import { onTestFinished } from "vitest";

/** What went into a core and what came out. */
export interface RecordedRun {
  readonly runId: string;
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

/** A data folder with the ledger of these runs, written by its thread. */
export async function recordedLedger(runs: readonly RecordedRun[]): Promise<string> {
  const dataDir = temporaryDataDir();
  const ledger = await openLedger({
    file: ledgerFile(dataDir),
    queueMax: 1_000,
    clock: new SystemClock(),
    onEvent() {},
  });
  for (const { runId, options, turns } of runs) {
    await ledger.beginRun(runRecord(runId));
    const journal = ledger.openJournal({ engine: options, onHealth() {} });
    for (const [index, { event, commands }] of turns.entries()) journal.append(index + 1, event, commands);
    journal.write();
    await ledger.endRun(runId, 2, {});
  }
  await ledger.close();
  return dataDir;
}
