import type { TradePlanParameters } from "@smcq/features";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { FEATURES_V1, FEATURES_V2, featureSetOf, HEURISTIC_ID } from "@smcq/features";
import { type Clock, errorCode, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import type { LifecycleModel } from "@smcq/model-life";
import {
  createModelMemory,
  type LoadedModel,
  type ModelCard,
  type ModelKind,
  loadModel,
  MODEL_SLOTS,
  ModelErrorCode,
  type ModelMemory,
  OrtHost,
  type ProvenWins,
  provenWins,
  type SharedModels,
  utcMs,
} from "@smcq/scoring";
import type { ScorerPolicy } from "../../modes/ports.ts";
import { threadCount } from "../../modes/thread-count.ts";
import { modelSource } from "./model-source.ts";
import { modelVersion } from "./model-watch.ts";

/** Most of the equity that one trade may risk while its scorer has no proven edge (docs/decisions.md 22). */
export const UNPROVEN_RISK_RATIO_MAX = 0.0025;
const FIRST_EPOCH = 1;

/** The models that a run begins with, each through the whole gate, in the memory that scans score with. */
export interface LoadedModels {
  /** The file that is watched for new versions. */
  readonly file: string;
  /** What stood there before the current model was read. */
  readonly version: string | null;
  readonly current: LoadedModel;
  readonly challenger: LoadedModel | null;
  /** One of them takes rows of feature set v2; without it a later version of v2 is refused (MODEL_FEATURE_SET). */
  readonly isRich: boolean;
  readonly shared: SharedModels;
  /** Loads what stands in the file now; rejects with MODEL_* and has changed nothing then. */
  loadVersion(epoch: number): Promise<LoadedModel>;
}

/** What a run scores with. */
export interface Scoring {
  readonly scorerId: string;
  /** For the run's record. */
  readonly modelJson: string;
  /** For the start-up line. */
  readonly display: Readonly<Record<string, unknown>>;
  /** Null when only the heuristic scores. */
  readonly models: LoadedModels | null;
  /** Waits for what is still being loaded. */
  close(): Promise<void>;
}

export interface LoadDeps {
  /** The models must have been trained for it. */
  readonly plan: TradePlanParameters;
  readonly policy: ScorerPolicy;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** A loaded model as its life sees it. */
export interface RunModel extends LifecycleModel {
  readonly epoch: number;
  /** What is proven of its scores. */
  readonly wins: ProvenWins | null;
  readonly card: ModelCard;
  /** How it scores. */
  readonly kind: ModelKind;
}

/** What a model's life has to know of a loaded one; times of the card in venue ms. */
export function lifecycleModel({ id, epoch, sha256, card, kind }: LoadedModel): RunModel {
  const { status, expiresUtc, psi, metrics, calibration } = card.metadata;
  const wins = provenWins(card.metadata);
  // The card's Brier score of a model that abstains is of all rows, live only rows that it did not abstain from have one.
  const training = { psi, metrics: calibration.target === undefined ? metrics : null };
  return { id, epoch, sha256, status, expiresUtc, expiresMs: utcMs(expiresUtc), training, wins, card, kind };
}

/** Loads what the settings name, through the whole gate; refuses with MODEL_*, never falls back by itself. */
export async function loadScoring(config: EngineConfig, deps: LoadDeps): Promise<Scoring> {
  const source = modelSource(config.scan.model, deps.policy);
  if (source.type === "heuristic") return heuristic(source.hint, deps.logger);
  // One lane a shard: a shard is scanned by one thread at a time.
  const memory = createModelMemory({ lanes: threadCount(config.shards) });
  const host =
    config.scan.scorer === "ort" ? new OrtHost({ memory, clock: deps.wallClock, logger: deps.logger }) : null;
  try {
    const loader = new ModelLoader(config, memory, host, deps);
    const models = await firstModels(config, source.file, loader);
    warnOf(models.current, deps.logger);
    const close = async (): Promise<void> => {
      await loader.settled();
      await host?.close();
    };
    return { ...describe(models), models, close };
  } catch (error) {
    await host?.close();
    throw error;
  }
}

/** Loads files into places of the memory, and into ONNX Runtime's process where that one scores. */
class ModelLoader {
  readonly #config: EngineConfig;
  readonly #memory: ModelMemory;
  readonly #host: OrtHost | null;
  readonly #deps: LoadDeps;
  /** The epoch that the host has in each place. */
  readonly #hosted = new Map<number, number>();
  #loading: Promise<unknown> = Promise.resolve();

  constructor(config: EngineConfig, memory: ModelMemory, host: OrtHost | null, deps: LoadDeps) {
    this.#config = config;
    this.#memory = memory;
    this.#host = host;
    this.#deps = deps;
  }

  get shared(): SharedModels {
    return this.#memory.shared();
  }

  /** `liveSets` null: of any feature set. */
  load(
    file: string,
    epoch: number,
    {
      refuseExpired,
      liveSets,
    }: { readonly refuseExpired: boolean; readonly liveSets: readonly string[] | null },
  ): Promise<LoadedModel> {
    const loading = this.#load(file, epoch, { refuseExpired, liveSets });
    this.#loading = loading.catch(() => {});
    return loading;
  }

  /** Resolves when nothing is being loaded any more. */
  async settled(): Promise<void> {
    await this.#loading;
  }

  async #load(
    file: string,
    epoch: number,
    {
      refuseExpired,
      liveSets,
    }: { readonly refuseExpired: boolean; readonly liveSets: readonly string[] | null },
  ): Promise<LoadedModel> {
    const { scan, dataDir } = this.#config;
    const model = await loadModel({
      file,
      textOutDir: join(dataDir, "models"),
      scorer: scan.scorer,
      memory: this.#memory,
      epoch,
      nowMs: this.#deps.venueClock.nowMs(),
      plan: this.#deps.plan,
      liveSets: liveSets ?? undefined,
      refuseExpired,
      publicKeyPem: publicKey(this.#config),
      clock: this.#deps.wallClock,
    });
    await this.#install(model);
    return model;
  }

  /** The same, with words on which file it was and what else could be asked for. */
  async loadFirst(file: string, epoch: number): Promise<LoadedModel> {
    try {
      return await this.load(file, epoch, { refuseExpired: false, liveSets: null });
    } catch (error) {
      throw withHint(error, this.#config, file);
    }
  }

  async #install({ epoch, onnx }: LoadedModel): Promise<void> {
    if (this.#host === null || onnx === null) return;
    const place = epoch % MODEL_SLOTS;
    const before = this.#hosted.get(place);
    if (before !== undefined) await this.#host.drop(before);
    await this.#host.install(epoch, onnx);
    this.#hosted.set(place, epoch);
  }
}

async function firstModels(config: EngineConfig, file: string, loader: ModelLoader): Promise<LoadedModels> {
  // Before it is read: what comes meanwhile is another version.
  const version = await modelVersion(file);
  const current = await loader.loadFirst(file, FIRST_EPOCH);
  const { challenger: second } = config.scan;
  const challenger = second === null ? null : await loader.loadFirst(second, FIRST_EPOCH + 1);
  const first = [current, ...(challenger === null ? [] : [challenger])];
  const isRich = first.some(({ card }) => featureSetOf(card.metadata.featureNames) === FEATURES_V2);
  const liveSets = isRich ? [FEATURES_V1.name, FEATURES_V2.name] : [FEATURES_V1.name];
  return {
    file,
    version,
    current,
    challenger,
    isRich,
    shared: loader.shared,
    loadVersion: (epoch) => loader.load(file, epoch, { refuseExpired: true, liveSets }),
  };
}

function describe({ current, challenger }: LoadedModels): Omit<Scoring, "models" | "close"> {
  const { status, expiresUtc, trees } = current.card.metadata;
  return {
    scorerId: current.id,
    modelJson: JSON.stringify({
      id: current.id,
      sha256: current.sha256,
      scorer: current.kind,
      status,
      // Null: the tiers' own ceilings hold.
      riskRatioMax: status === "proven" ? null : UNPROVEN_RISK_RATIO_MAX,
      expiresUtc,
      challenger: challenger?.id ?? null,
    }),
    display: {
      scorer: current.id,
      by: current.kind,
      status,
      trees,
      ...(challenger === null ? {} : { challenger: challenger.id }),
    },
  };
}

function heuristic(hint: string | null, logger: Logger): Scoring {
  if (hint !== null) logger.info({}, hint);
  const riskRatioMax = UNPROVEN_RISK_RATIO_MAX;
  return {
    scorerId: HEURISTIC_ID,
    modelJson: JSON.stringify({ id: HEURISTIC_ID, status: "heuristic", riskRatioMax }),
    display: { scorer: HEURISTIC_ID, trained: "no: a hand-made rule" },
    models: null,
    close: async () => {},
  };
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

function publicKey({ scan }: EngineConfig): string | undefined {
  const { modelPublicKey: file } = scan;
  if (file === null) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SmcqError(
      ModelErrorCode.Signature,
      `cannot read the public key ${resolve(file)}: ${errorMessage(error)}`,
      { cause: error },
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
