import { randomUUID } from "node:crypto";
import type { Coordinator } from "@smcq/cluster";
import { sha256Hex } from "@smcq/config";
import { FEATURE_VERSION, featureSchemaJson } from "@smcq/features";
import type { ModelEvent } from "@smcq/engine";
import { type Clock, errorCode, errorMessage, type Logger } from "@smcq/kernel";
import { type LedgerClient, type LedgerEvent, ledgerFile, LedgerReader, openLedger } from "@smcq/ledger";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { EnginePayload } from "../process/engine-payload.ts";
import type { SignalCounter } from "./signal-tally.ts";

const ENGINE_VERSION = "0.0.0";

export interface LedgerDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly scorerId: string;
  readonly modelJson: string;
}

/** What a run came to; empty while it is starting. */
export interface RunSummary {
  coordinator: Coordinator | null;
  signals: SignalCounter | null;
}

/** The ledger with this run open in it. */
export interface RunLedger {
  readonly runId: string;
  readonly client: LedgerClient;
  /** Keeps what happened to the models; a failure is told, never thrown. */
  noteModel(event: ModelEvent): void;
  /** The size factor that a model ended a run before with, 0..1; 1 when nothing is known. */
  sizeFactorBefore(modelId: string): number;
  /** Stores the run's end with what became of it; a start that failed or was stopped ends too. */
  end(endedAtMs: number, run: RunSummary): Promise<void>;
}

const LEDGER_TEXTS: Readonly<Record<LedgerEvent["type"], string>> = {
  failing: "ledger cannot store; signals wait",
  recovered: "ledger stores again",
  overflow: "ledger's queue is full; signals are lost",
  lost: "signals lost: they are not in the ledger",
  threadRestarted: "ledger's thread died and was started again",
  dead: "ledger is dead: nothing is stored any more; restart the engine",
};

/** Tells what happens to the ledger; once it is dead, its losses are counted in the minute line only. */
export function ledgerTeller(logger: Logger): (event: LedgerEvent) => void {
  let isDead = false;
  return (event) => {
    if (event.type === "lost" && isDead) return;
    isDead ||= event.type === "dead";
    logger[event.type === "recovered" ? "info" : "error"]({ ...event }, LEDGER_TEXTS[event.type]);
  };
}

/** Signals of this run that are not in the ledger and never will be. */
export function lostSignals(client: LedgerClient): number {
  const { lost, overflowed } = client.stats();
  return lost + overflowed;
}

/** Opens the ledger and begins the run; a run that cannot be stored does not start. */
export async function openRunLedger(payload: EnginePayload, deps: LedgerDeps): Promise<RunLedger> {
  const { config } = payload;
  const { logger } = deps;
  const client = await openLedger({
    file: ledgerFile(config.dataDir),
    queueMax: config.ledger.queueMax,
    clock: deps.wallClock,
    onEvent: ledgerTeller(logger),
  });
  const runId = randomUUID();
  try {
    await client.beginRun({
      runId,
      mode: config.mode,
      startedAtMs: deps.clock.nowMs(),
      engineVersion: ENGINE_VERSION,
      configHash: payload.configHash,
      configJson: payload.configJson,
      scorerId: deps.scorerId,
      modelJson: deps.modelJson,
      featureSchemaHash: sha256Hex(featureSchemaJson()),
      smcParametersJson: JSON.stringify({ ...SMC_PARAMETERS, featureVersion: FEATURE_VERSION }),
      seed: config.seed,
    });
  } catch (error) {
    await client.close();
    throw error;
  }
  const end = async (endedAtMs: number, run: RunSummary): Promise<void> => {
    const signals = run.signals?.total ?? 0;
    const { ready = 0, shardRestarts = 0, scanRestarts = 0 } = run.coordinator?.health() ?? {};
    const summary = { signals, signalsLost: lostSignals(client), ready, shardRestarts, scanRestarts };
    await client.endRun(runId, endedAtMs, summary);
    const stored = client.stats().stored;
    const text = `ledger          ${signals} signals, ${stored} stored, ${summary.signalsLost} lost`;
    logger.info({ runId, ...summary, stored, display: text }, "run closed in the ledger");
  };
  const noteModel = (event: ModelEvent): void => {
    client
      .noteModel(event)
      .catch((error: unknown) =>
        logger.error(
          { code: errorCode(error), kind: event.kind },
          `model event not stored: ${errorMessage(error)}`,
        ),
      );
  };
  const sizeFactorBefore = (modelId: string): number => {
    const reader = new LedgerReader(ledgerFile(config.dataDir));
    try {
      const { sizeFactor } = JSON.parse(reader.lastHealth(modelId) ?? "{}") as {
        readonly sizeFactor?: number;
      };
      return sizeFactor ?? 1;
    } finally {
      reader.close();
    }
  };
  return { runId, client, noteModel, sizeFactorBefore, end };
}
