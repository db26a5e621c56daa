import type { BlobCache, JobOutcome, PostedJob } from "@smcq/bus-nats";
import type { MarketTableData } from "@smcq/features";
import { type Clock, workerUrl } from "@smcq/kernel";
import { encodeSeriesFile } from "../../offline/backtest/cache/series-file.ts";
import type { SeriesTask } from "../../offline/backtest/series-task.ts";
import type { BacktestWorkerData, SeriesOutcome } from "../../workers/backtest.worker.ts";
import type { JobHint, ScanJob } from "../jobs/job-tasks.ts";
import { fromBytes, fromText } from "../jobs/plain-bytes.ts";
import { SCAN_KEY } from "../jobs/scan-jobs.ts";
import type { JobPools, PoolPlan } from "./job-pools.ts";
import { linkFiles, linkMonths, linkTogether, type WorkFolder } from "./work-folder.ts";

/** Blocks of stored bars are gone as soon as they are scanned. */
const YOUNG_MB = 6;

/** What jobs are done with. */
export interface JobGround {
  readonly files: BlobCache;
  readonly pools: JobPools;
  readonly work: WorkFolder;
  readonly clock: Clock;
}

/** The first pass of one symbol. */
export async function doScan(job: PostedJob, ground: JobGround): Promise<JobOutcome> {
  const task = fromText<ScanJob>(job.task);
  const hint = fromText<JobHint>(job.hint);
  const { files, pools, work } = ground;
  const bars = task.source.type === "bundled" ? [] : task.source.names;
  const own = await Promise.all(job.inputs.slice(0, bars.length).map((sha256) => files.file(sha256)));
  const shared = job.inputs.slice(bars.length);
  const folder = work.make();
  try {
    const { series, paths } = seriesOf(task, folder, own);
    const outcome = await pools.run<SeriesTask, SeriesOutcome>(
      `scan ${JSON.stringify([task.plan, task.model, shared])}`,
      () => openScanners(task, shared, ground),
      series,
    );
    if (outcome.type === "scanned") return { type: "done", bytes: encodeSeriesFile(SCAN_KEY, outcome.reply) };
    return { ...outcome, message: withOwnPaths(outcome.message, paths, hint.paths) };
  } finally {
    work.remove(folder);
  }
}

/** A refusal as the command's host would say it. */
export function withOwnPaths(message: string, paths: readonly string[], theirs: readonly string[]): string {
  return paths.reduce((text, path, index) => text.replaceAll(path, theirs[index] ?? path), message);
}

function seriesOf(
  { symbol, source, rowsMax, toMs }: ScanJob,
  folder: string,
  files: readonly string[],
): { readonly series: SeriesTask; readonly paths: readonly string[] } {
  const rest = { symbol, rowsMax, toMs, cacheHash: null };
  if (source.type === "bundled") return { series: { ...rest, source }, paths: [] };
  const { names } = source;
  if (source.type === "files") {
    const paths = linkFiles(folder, names, files);
    return { series: { ...rest, source: { type: "files", paths } }, paths };
  }
  const paths = linkMonths(folder, symbol, { names, files });
  const range = { fromMs: source.fromMs, toMs: source.toMs };
  return { series: { ...rest, source: { type: "stored", folder, symbol, ...range } }, paths };
}

/** Threads that score with the model of the job. */
async function openScanners(
  { model: names, plan, hasMarket }: ScanJob,
  shared: readonly string[],
  { files, work, clock }: JobGround,
): Promise<PoolPlan> {
  const folder = work.make();
  const models = await Promise.all(shared.slice(0, names?.length ?? 0).map((sha256) => files.file(sha256)));
  const [model = "heuristic"] = linkTogether(folder, names ?? [], models);
  const market = hasMarket ? fromBytes<MarketTableData>(await files.bytes(shared.at(-1) as string)) : null;
  const data: BacktestWorkerData = {
    model,
    nowMs: clock.nowMs(),
    plan,
    cacheFolder: null,
    market,
    packing: "none",
  };
  return {
    entry: { url: workerUrl(import.meta.url, "../../workers/backtest.worker"), data },
    name: "scanSeries",
    youngMb: YOUNG_MB,
    onClosed: () => work.remove(folder),
  };
}
