import { basename } from "node:path";
import type { MarketTableData, TradePlanParameters } from "@smcq/features";
import { HistoryStore, StoredRows } from "@smcq/history";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import type { SeriesOutcome } from "../../workers/backtest.worker.ts";
import { ScanCache } from "../../offline/backtest/cache/scan-cache.ts";
import { decodeSeriesFile } from "../../offline/backtest/cache/series-file.ts";
import type { SeriesReply } from "../../offline/backtest/scan-series.ts";
import type { SeriesTask } from "../../offline/backtest/series-task.ts";
import { fileInput, madeInput, modelFiles } from "./job-input.ts";
import { type JobHint, JobKind, type ScanJob } from "./job-tasks.ts";
import type { JobInput, Jobs } from "./open-jobs.ts";
import { toBytes, toText } from "./plain-bytes.ts";

/** What a scan's bytes are named by on their way. */
export const SCAN_KEY = "job";

export interface ScanJobsOptions {
  readonly jobs: Jobs;
  readonly model: string;
  readonly plan: TradePlanParameters;
  readonly nowMs: number;
  /** Null: nothing is kept here. */
  readonly cacheFolder: string | null;
  /** All symbols' closes, for a model of feature set v2. */
  readonly market: MarketTableData | null;
}

/** The first pass by workers on other hosts; what this host has kept is not asked for. */
export class ScanJobs {
  readonly #options: ScanJobsOptions;
  readonly #cache: ScanCache | null;
  readonly #kept: string[] = [];
  /** Inputs that all scans share, the model's and the market's. */
  #shared: Promise<readonly JobInput[]> | null = null;
  /** Files are hashed one after another. */
  #hashing: Promise<unknown> = Promise.resolve();

  constructor(options: ScanJobsOptions) {
    this.#options = options;
    const { cacheFolder, nowMs } = options;
    this.#cache = cacheFolder === null ? null : new ScanCache(cacheFolder, nowMs);
  }

  /** As a thread of `backtest.worker.ts` does it. */
  async run(task: SeriesTask): Promise<SeriesOutcome> {
    const { source, cacheHash } = task;
    const stored = source.type === "stored" ? source : null;
    const found = cacheHash === null ? null : (this.#cache?.read(cacheHash, stored) ?? null);
    if (found !== null) return { type: "scanned", reply: found, origin: "cached" };
    try {
      const reply = await this.#scan(task);
      return { type: "scanned", reply, origin: this.#keep(cacheHash, reply) };
    } catch (error) {
      if (!(error instanceof SmcqError)) throw error;
      return { type: "refused", code: errorCode(error), message: errorMessage(error) };
    }
  }

  /** Refuses with JOBS_UNEQUAL, and forgets what it kept, when workers did not agree. */
  async close(): Promise<void> {
    try {
      await this.#options.jobs.verify();
    } catch (error) {
      for (const hash of this.#kept) this.#cache?.drop(hash);
      throw error;
    }
  }

  async #scan(task: SeriesTask): Promise<SeriesReply> {
    const { jobs, plan, model, nowMs } = this.#options;
    const { symbol, source, rowsMax, toMs } = task;
    const paths = pathsOf(task);
    const names = paths.map((path) => basename(path));
    const files = await this.#hashed(paths);
    const shared = await (this.#shared ??= this.#sharedInputs());
    const models = modelFiles(model).map((path) => basename(path));
    const job: ScanJob = {
      symbol,
      source: sentSource(source, names),
      rowsMax,
      toMs,
      plan,
      model: models.length === 0 ? null : models,
      hasMarket: this.#options.market !== null,
    };
    const hint: JobHint = { nowMs, paths };
    const bytes = await jobs.run({
      kind: JobKind.Scan,
      label: `scan of ${symbol}`,
      task: toText(job),
      inputs: [...files, ...shared],
      hint: toText(hint),
    });
    const reply = decodeSeriesFile(SCAN_KEY, Buffer.from(bytes), source.type === "stored" ? source : null);
    if (reply !== null) return reply;
    throw new SmcqError("JOBS_RESULT", `the scan of ${symbol} that a worker sent is none`);
  }

  #hashed(paths: readonly string[]): Promise<readonly JobInput[]> {
    const hashing = this.#hashing.then(async () => {
      const inputs: JobInput[] = [];
      for (const path of paths) inputs.push(await fileInput(path));
      return inputs;
    });
    this.#hashing = hashing.catch(() => {});
    return hashing;
  }

  async #sharedInputs(): Promise<readonly JobInput[]> {
    const { model, market } = this.#options;
    const inputs = await Promise.all(modelFiles(model).map(fileInput));
    return market === null ? inputs : [...inputs, madeInput(() => toBytes(market))];
  }

  #keep(hash: string | null, reply: SeriesReply): "kept" | "unkept" | "uncached" {
    if (hash === null || this.#cache === null) return "uncached";
    if (!this.#cache.write(hash, reply)) return "unkept";
    this.#kept.push(hash);
    return "kept";
  }
}

function sentSource(source: SeriesTask["source"], names: readonly string[]): ScanJob["source"] {
  if (source.type === "bundled") return source;
  if (source.type === "files") return { type: "files", names };
  return { type: "stored", names, fromMs: source.fromMs, toMs: source.toMs };
}

/** The files that a scan reads. */
function pathsOf({ symbol, source }: SeriesTask): readonly string[] {
  if (source.type === "bundled") return [];
  if (source.type === "files") return source.paths;
  const { folder, fromMs, toMs } = source;
  return new StoredRows(new HistoryStore(folder), { kind: "bars", symbol, fromMs, toMs }).paths;
}
