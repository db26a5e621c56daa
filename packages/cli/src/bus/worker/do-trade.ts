import type { BlobCache, JobOutcome, PostedJob } from "@smcq/bus-nats";
import { workerUrl } from "@smcq/kernel";
import { sharedData } from "@smcq/wire";
import type { ScannedSeries } from "../../offline/backtest/scan-series.ts";
import type { PointResult } from "../../offline/sweep/point-result.ts";
import type { SweepWorkerData } from "../../workers/sweep.worker.ts";
import type { TradeGround, TradeJob } from "../jobs/job-tasks.ts";
import { fromBytes, fromText, toText } from "../jobs/plain-bytes.ts";
import type { JobGround } from "./do-scan.ts";
import type { PoolPlan } from "./job-pools.ts";

/** A pass of a market makes little that lives: more room would only be filled with what is dead. */
const YOUNG_MB = 6;

/** One combination of a sweep. */
export async function doTrade(job: PostedJob, { files, pools }: JobGround): Promise<JobOutcome> {
  const [ground = ""] = job.inputs;
  const task = fromText<TradeJob>(job.task);
  const result = await pools.run<TradeJob, PointResult>(
    `trade ${ground}`,
    () => openTraders(ground, files),
    task,
  );
  return { type: "done", bytes: Buffer.from(toText(result)) };
}

/** Threads that share the bars of the ground, and what was found in them. */
async function openTraders(sha256: string, files: BlobCache): Promise<PoolPlan> {
  const { series: parts, ...rest } = fromBytes<TradeGround>(await files.bytes(sha256));
  const series: ScannedSeries[] = [];
  for (const part of parts) series.push(sharedData(fromBytes<ScannedSeries>(await files.bytes(part))));
  const data: SweepWorkerData = { ...rest, series };
  return {
    entry: { url: workerUrl(import.meta.url, "../../workers/sweep.worker"), data },
    name: "trade",
    youngMb: YOUNG_MB,
    onClosed() {},
  };
}
