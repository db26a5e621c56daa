import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { HEURISTIC_ID } from "@smcq/features";
import { type Clock, errorCode, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import {
  createModelMemory,
  type LoadedModel,
  loadModel,
  MODEL_SLOTS,
  ModelErrorCode,
  OrtHost,
} from "@smcq/scoring";
import { threadCount } from "../thread-count.ts";
import { ModelLifecycle } from "./model-lifecycle.ts";
import type { ModelReport } from "../../output/model-report.ts";
import { modelSource } from "./model-source.ts";
import { modelVersion } from "./model-watch.ts";
import { HEURISTIC_ONLY, type ScanModels } from "./scan-models.ts";

/** Most of the equity that one trade may risk while its scorer has no proven edge (docs/decisions.md 22). */
export const UNPROVEN_RISK_RATIO_MAX = 0.0025;
const FIRST_EPOCH = 1;

/** What a run scores with. */
export interface EngineModels {
  readonly scan: ScanModels;
  readonly scorerId: string;
  /** For the run's record. */
  readonly modelJson: string;
  /** Null when only the heuristic scores. */
  readonly desk: ModelLifecycle | null;
  report(nowMs: number): ModelReport;
  close(): Promise<void>;
}

export interface OpenModelsDeps {
  readonly logger: Logger;
  /** The venue's clock: expiry, shadows. */
  readonly clock: Clock;
  readonly wallClock: Clock;
}

/** Loads what the settings name, through the whole gate; refuses with MODEL_*, never falls back by itself. */
export async function openModels(config: EngineConfig, deps: OpenModelsDeps): Promise<EngineModels> {
  const source = modelSource(config);
  if (source.type === "heuristic") return heuristic(source.hint, deps.logger);
  // One lane a shard: a shard is scanned by one thread at a time.
  const memory = createModelMemory({ lanes: threadCount(config.shards) });
  const host =
    config.scan.scorer === "ort" ? new OrtHost({ memory, clock: deps.wallClock, logger: deps.logger }) : null;
  const hosted = new Map<number, number>();
  const load = async (file: string, epoch: number, refuseExpired: boolean): Promise<LoadedModel> => {
    const model = await loadModel({
      file,
      textOutDir: join(config.dataDir, "models"),
      scorer: config.scan.scorer,
      memory,
      epoch,
      nowMs: deps.clock.nowMs(),
      refuseExpired,
      publicKeyPem: publicKey(config),
      clock: deps.wallClock,
    });
    if (host !== null && model.onnx !== null) {
      const before = hosted.get(epoch % MODEL_SLOTS);
      if (before !== undefined) await host.drop(before);
      await host.install(epoch, model.onnx);
      hosted.set(epoch % MODEL_SLOTS, epoch);
    }
    return model;
  };
  const first = (file: string, epoch: number): Promise<LoadedModel> =>
    load(file, epoch, false).catch((error: unknown) => {
      throw withHint(error, config, file);
    });
  try {
    // Before it is read: what comes meanwhile is another version.
    const version = await modelVersion(source.file);
    const current = await first(source.file, FIRST_EPOCH);
    const { challenger: second } = config.scan;
    const challenger = second === null ? null : await first(second, FIRST_EPOCH + 1);
    const desk = new ModelLifecycle({
      shared: memory.shared(),
      load: (epoch) => load(source.file, epoch, true),
      file: source.file,
      version,
      current,
      challenger,
      shadowBars: config.scan.shadowBars,
      pollMs: config.scan.modelPollMs,
      ...deps,
    });
    warnOf(current, deps.logger);
    return fromDesk(desk, host);
  } catch (error) {
    await host?.close();
    throw error;
  }
}

function fromDesk(desk: ModelLifecycle, host: OrtHost | null): EngineModels {
  const { current, challenger } = desk;
  return {
    scan: desk,
    scorerId: current.id,
    modelJson: JSON.stringify({
      id: current.id,
      sha256: current.sha256,
      scorer: current.kind,
      status: current.card.metadata.status,
      riskRatioMax: riskRatioMax(current),
      expiresUtc: current.card.metadata.expiresUtc,
      challenger: challenger?.id ?? null,
    }),
    desk,
    report: (nowMs) => desk.report(nowMs),
    close: async () => {
      await desk.close();
      await host?.close();
    },
  };
}

function heuristic(hint: string | null, logger: Logger): EngineModels {
  if (hint !== null) logger.info({}, hint);
  const report: ModelReport = {
    model: HEURISTIC_ID,
    modelStatus: "heuristic",
    sizeFactor: 1,
    isModelExpired: false,
    health: null,
    challenger: null,
    shadowBarsLeft: 0,
  };
  return {
    scan: HEURISTIC_ONLY,
    scorerId: HEURISTIC_ID,
    modelJson: JSON.stringify({
      id: HEURISTIC_ID,
      status: "heuristic",
      riskRatioMax: UNPROVEN_RISK_RATIO_MAX,
    }),
    desk: null,
    report: () => report,
    close: async () => {},
  };
}

/** Null: the tiers' own ceilings hold. */
function riskRatioMax({ card }: LoadedModel): number | null {
  return card.metadata.status === "proven" ? null : UNPROVEN_RISK_RATIO_MAX;
}

function warnOf({ id, card, isExpired }: LoadedModel, logger: Logger): void {
  if (card.metadata.status !== "proven") {
    const text = `MODEL UNPROVEN: ${id} has shown no edge after costs; a trade may risk at most ${UNPROVEN_RISK_RATIO_MAX * 100} % of equity`;
    logger.warn({ model: id, status: card.metadata.status, display: text }, text);
  }
  if (isExpired) {
    const text = `MODEL EXPIRED on ${card.metadata.expiresUtc}: ${id} is only observed, nothing is decided on`;
    logger.error({ model: id, code: ModelErrorCode.Expired, display: text }, text);
  }
}

/** What the start-up line says of the scorer. */
export function modelText({ scorerId, desk }: EngineModels): Readonly<Record<string, unknown>> {
  if (desk === null) return { scorer: scorerId, trained: "no: a hand-made rule" };
  const { current, challenger } = desk;
  return {
    scorer: scorerId,
    by: current.kind,
    status: current.card.metadata.status,
    trees: current.card.metadata.trees,
    ...(challenger === null ? {} : { challenger: challenger.id }),
  };
}

function publicKey({ scan }: EngineConfig): string | undefined {
  const { modelPublicKey: file } = scan;
  if (file === null) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SmcqError(
      ModelErrorCode.Signature,
      `cannot read the public key ${resolve(file)}: ${errorMessage(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** Says which model it was and what else could be asked for. */
function withHint(error: unknown, { scan }: EngineConfig, file: string): unknown {
  if (!(error instanceof SmcqError)) return error;
  const isChallenger = file === scan.challenger;
  const hints = isChallenger ? [] : ["--model heuristic scores by the hand-made rule instead"];
  const code = errorCode(error);
  if (scan.scorer === "leaf-mask" && (code === ModelErrorCode.Leaves || code === ModelErrorCode.Tables))
    hints.unshift("--scorer ort takes it (slower)");
  const model = `${isChallenger ? "challenger" : "model"} ${file}`;
  return new SmcqError(code, `${error.message} (${[model, ...hints].join("; ")})`, {
    context: error.context,
    cause: error,
  });
}
