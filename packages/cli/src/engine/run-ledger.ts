import { randomUUID } from "node:crypto";
import type { Coordinator } from "@smcq/cluster";
import { sha256Hex } from "@smcq/config";
import { FEATURE_VERSION, featureSchemaJson } from "@smcq/features";
import type { Clock, Logger } from "@smcq/kernel";
import { type LedgerClient, ledgerFile, openLedger } from "@smcq/ledger";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { EnginePayload } from "../process/engine-payload.ts";

const ENGINE_VERSION = "0.0.0";

export interface LedgerDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly scorerId: string;
}

/** The ledger with this run open in it. */
export interface RunLedger {
  readonly runId: string;
  readonly client: LedgerClient;
  /** Stores the run's end with what became of it. */
  end(endedAtMs: number, coordinator: Coordinator, signals: number): Promise<void>;
}

/** Opens the ledger and begins the run; a run that cannot be stored does not start. */
export async function openRunLedger(payload: EnginePayload, deps: LedgerDeps): Promise<RunLedger> {
  const { config } = payload;
  const { logger } = deps;
  const client = await openLedger({
    file: ledgerFile(config.dataDir),
    queueMax: config.ledger.queueMax,
    clock: deps.wallClock,
    onEvent: (event) => logger[event.type === "recovered" ? "info" : "error"]({ ...event }, "ledger"),
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
      featureSchemaHash: sha256Hex(featureSchemaJson()),
      smcParametersJson: JSON.stringify({ ...SMC_PARAMETERS, featureVersion: FEATURE_VERSION }),
      seed: config.seed,
    });
  } catch (error) {
    await client.close();
    throw error;
  }
  const end = async (endedAtMs: number, coordinator: Coordinator, signals: number): Promise<void> => {
    const { lost, overflowed } = client.stats();
    const { ready, shardRestarts, scanRestarts } = coordinator.health();
    const summary = { signals, signalsLost: lost + overflowed, ready, shardRestarts, scanRestarts };
    await client.endRun(runId, endedAtMs, summary);
    const stored = client.stats().stored;
    const text = `ledger          ${signals} signals, ${stored} stored, ${summary.signalsLost} lost`;
    logger.info({ runId, ...summary, stored, forEyes: text }, "run closed in the ledger");
  };
  return { runId, client, end };
}
