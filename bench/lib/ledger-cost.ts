import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Journal, RunRecord } from "@smcq/engine";
import { SystemClock } from "@smcq/kernel";
import { ledgerFile, openLedger } from "@smcq/ledger";
import { measureCore, TOLD_OPTIONS, WARM_UP } from "./core-latency.ts";

const clock = new SystemClock();
/** The run of a bench, in a ledger of its own. */
export const RUN: RunRecord = {
  runId: "bench",
  mode: "sim",
  startedAtMs: 1,
  engineVersion: "bench",
  configHash: "",
  configJson: "{}",
  scorerId: "bench",
  modelJson: "{}",
  featureSchemaHash: "",
  smcParametersJson: "{}",
  seed: 1,
};

/** What keeping a journal costs a decision. */
export interface LedgerCost {
  /** In the core's thread, us a decision: before its commands leave, and behind them. */
  readonly beforeUs: number;
  readonly behindUs: number;
  /** Of the file, bytes a decision. */
  readonly bytes: number;
  /** From the word that an intent waits for until its row is synced, us each. */
  readonly durableUs: readonly number[];
}

/** Decides on `count` signals with a journal in a ledger's own thread, then awaits `intents` synced rows one by one. */
export async function measureLedger(count: number, intents: number): Promise<LedgerCost> {
  const dataDir = mkdtempSync(join(tmpdir(), "smcq-bench-"));
  try {
    const file = ledgerFile(dataDir);
    const ledger = await openLedger({ file, queueMax: 1_000, clock, onEvent() {} });
    await ledger.beginRun(RUN);
    const journal = ledger.openJournal({ engine: TOLD_OPTIONS, onHealth() {} });
    let beforeNs = 0;
    let behindNs = 0;
    let seq = 0;
    const timed: Journal = {
      append(at, event, commands) {
        seq = at;
        const startNs = clock.monoNs();
        journal.append(at, event, commands);
        beforeNs += clock.monoNs() - startNs;
      },
      write() {
        const startNs = clock.monoNs();
        journal.write();
        behindNs += clock.monoNs() - startNs;
      },
    };
    measureCore(count, timed, TOLD_OPTIONS);
    await new Promise<void>((resolve) => journal.onIdle(resolve));
    const bytes = statSync(file).size + statSync(`${file}-wal`).size;
    const durableUs: number[] = [];
    for (let intent = 0; intent < intents; intent++) {
      const startNs = clock.monoNs();
      const isDurable = new Promise<void>((resolve) => journal.onDurable(resolve));
      journal.append(++seq, { type: "operator", word: "resume", nowMs: clock.nowMs(), nowNs: startNs }, []);
      journal.write();
      await isDurable;
      durableUs.push((clock.monoNs() - startNs) / 1e3);
    }
    await ledger.endRun(RUN.runId, clock.nowMs(), {});
    await ledger.close();
    const decisions = count + WARM_UP;
    return {
      beforeUs: beforeNs / 1e3 / decisions,
      behindUs: behindNs / 1e3 / decisions,
      bytes: bytes / decisions,
      durableUs,
    };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}
