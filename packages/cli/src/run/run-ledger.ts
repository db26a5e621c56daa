import { randomUUID } from "node:crypto";
import type { ClusterHealth } from "@smcq/cluster";
import { sha256Hex } from "@smcq/config/run";
import { FEATURES_V1, featureSchemaJson } from "@smcq/features";
import type { ModelEvent } from "@smcq/engine";
import { type Clock, errorCode, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import {
  type LedgerClient,
  LedgerErrorCode,
  type LedgerEvent,
  ledgerFile,
  LedgerReader,
  openLedger,
} from "@smcq/ledger";
import { SMC_PARAMETERS } from "@smcq/smc";
import type { EnginePayload } from "../modes/engine-payload.ts";
import type { Scoring } from "./models/load-models.ts";
import type { Duty } from "./duty/duty.ts";
import type { RecoveredRun } from "./trading/recover.ts";
import { ENGINE_VERSION } from "../engine-version.ts";

export interface RunDeps {
  /** The mode's name, for the run's record. */
  readonly modeName: string;
  readonly scoring: Pick<Scoring, "scorerId" | "modelJson" | "models">;
  /** Symbols that are watched. */
  readonly watched: readonly string[];
  readonly logger: Logger;
  /** The clock that a run's start and end are dated by. */
  readonly machineClock: Clock;
  /** The run that this process goes on with; null: it begins one. */
  readonly before: RecoveredRun | null;
  /** Where hosts share the account: the others hear of the run. */
  readonly duty: Duty | null;
}

const LEDGER_TEXTS: Readonly<Record<LedgerEvent["type"], string>> = {
  failing: "ledger cannot store; signals wait",
  recovered: "ledger stores again",
  overflow: "ledger's queue is full; signals are lost",
  lost: "signals lost: they are not in the ledger",
  journalLost: "rows of the journal lost: they are not in the ledger",
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

/** The ledger with this run open in it. */
export class RunLedger {
  readonly runId: string;
  readonly client: LedgerClient;
  readonly #file: string;
  readonly #logger: Logger;
  #outcome = { signals: 0, ready: 0, shardRestarts: 0, scanRestarts: 0 };

  constructor(runId: string, client: LedgerClient, deps: { readonly file: string; readonly logger: Logger }) {
    this.runId = runId;
    this.client = client;
    this.#file = deps.file;
    this.#logger = deps.logger;
  }

  /** Keeps what happened to the models; a failure is told, never thrown. */
  noteModel(event: ModelEvent): void {
    this.client
      .noteModel(event)
      .catch((error: unknown) =>
        this.#logger.error(
          { code: errorCode(error), kind: event.kind },
          `model event not stored: ${errorMessage(error)}`,
        ),
      );
  }

  /** The size factor that a model ended a run before with, 0..1; 1 when nothing is known. */
  sizeFactorBefore(modelId: string): number {
    const reader = new LedgerReader(this.#file);
    try {
      const { sizeFactor } = JSON.parse(reader.lastHealth(modelId) ?? "{}") as {
        readonly sizeFactor?: number;
      };
      return sizeFactor ?? 1;
    } finally {
      reader.close();
    }
  }

  /** Takes what the run came to, once its threads have ended; without it the run ended before they began. */
  noteOutcome(signals: number, { ready, shardRestarts, scanRestarts }: ClusterHealth): void {
    this.#outcome = { signals, ready, shardRestarts, scanRestarts };
  }

  /** Stores the run's end with what became of it; a start that failed or was stopped ends too. */
  async end(endedAtMs: number): Promise<void> {
    const summary = { ...this.#outcome, signalsLost: lostSignals(this.client) };
    try {
      await this.client.endRun(this.runId, endedAtMs, summary);
    } catch (error) {
      const { stored } = this.client.stats();
      const text = `ledger          ${summary.signals} signals, ${stored} stored, ${lostSignals(this.client)} lost; the run's end is not in it`;
      this.#logger.error(
        { runId: this.runId, ...summary, stored, signalsLost: lostSignals(this.client), display: text },
        "run could not be closed in the ledger",
      );
      throw error;
    }
    const { stored } = this.client.stats();
    const text = `ledger          ${summary.signals} signals, ${stored} stored, ${summary.signalsLost} lost`;
    this.#logger.info({ runId: this.runId, ...summary, stored, display: text }, "run closed in the ledger");
  }
}

/** Opens the ledger of the data folder. */
export function openLedgerOf(
  { config }: EnginePayload,
  deps: { readonly wallClock: Clock; readonly logger: Logger; readonly onMoved: (error: SmcqError) => void },
): Promise<LedgerClient> {
  const tell = ledgerTeller(deps.logger);
  return openLedger({
    file: ledgerFile(config.dataDir),
    queueMax: config.ledger.queueMax,
    clock: deps.wallClock,
    onEvent: (event) => {
      tell(event);
      if (event.type === "dead" && event.code === LedgerErrorCode.Moved)
        deps.onMoved(new SmcqError(event.code, event.message));
    },
  });
}

/** Begins a run, or goes on with the one before; a run that cannot be stored does not start. */
export async function beginRun(
  client: LedgerClient,
  payload: EnginePayload,
  { scoring, watched, machineClock, modeName, logger, before, duty }: RunDeps,
): Promise<RunLedger> {
  const { config } = payload;
  const runId = before?.runId ?? randomUUID();
  const record = {
    runId,
    mode: modeName,
    startedAtMs: machineClock.nowMs(),
    engineVersion: ENGINE_VERSION,
    configHash: payload.configHash,
    configJson: payload.configJson,
    scorerId: scoring.scorerId,
    modelJson: modelJsonOf(scoring, watched),
    featureSchemaHash: sha256Hex(featureSchemaJson(payload.plan)),
    smcParametersJson: JSON.stringify({ ...SMC_PARAMETERS, featureVersion: FEATURES_V1.version }),
    seed: config.seed,
  };
  await duty?.copy?.begin(record, before !== null);
  await (before === null ? client.beginRun(record) : client.resumeRun(record, before.lastBatch));
  return new RunLedger(runId, client, { file: ledgerFile(config.dataDir), logger });
}

/** Rows of feature set v2 look at the whole market: the record names it, for whoever makes them again. */
function modelJsonOf({ modelJson, models }: RunDeps["scoring"], market: readonly string[]): string {
  if (models?.isRich !== true) return modelJson;
  return JSON.stringify({ ...(JSON.parse(modelJson) as object), market });
}
