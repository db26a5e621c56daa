import type { JobOutcome, PostedJob } from "@smcq/bus-nats";
import { workerUrl } from "@smcq/kernel";
import type { LabelOutcome, LabelThreadTask } from "../../workers/label.worker.ts";
import type { JobHint, LabelJob } from "../jobs/job-tasks.ts";
import { fromText, toBytes } from "../jobs/plain-bytes.ts";
import { type JobGround, withOwnPaths } from "./do-scan.ts";
import type { PoolPlan } from "./job-pools.ts";
import { linkFiles, linkMonths } from "./work-folder.ts";

/** Batches of bars are gone as soon as they are labelled. */
const YOUNG_MB = 6;

/** The labelled candidates of one symbol. */
export async function doLabel(job: PostedJob, { files, pools, work }: JobGround): Promise<JobOutcome> {
  const { symbol, tickSize, plan, files: named } = fromText<LabelJob>(job.task);
  const hint = fromText<JobHint>(job.hint);
  const own = await Promise.all(job.inputs.map((sha256) => files.file(sha256)));
  const names = named.map(({ name }) => name);
  const folder = work.make();
  try {
    const isStored = named.some(({ range }) => range !== null);
    const paths = isStored
      ? linkMonths(folder, symbol, { names, files: own })
      : linkFiles(folder, names, own);
    const task: LabelThreadTask = {
      symbol,
      tickSize,
      plan,
      folder,
      files: named.map(({ name, range }, index) => ({ name, range, path: paths[index] as string })),
    };
    const outcome = await pools.run<LabelThreadTask, LabelOutcome>("label", openLabellers, task);
    if (outcome.type === "labelled") return { type: "done", bytes: toBytes(outcome.labelled) };
    return { ...outcome, message: withOwnPaths(outcome.message, paths, hint.paths) };
  } finally {
    work.remove(folder);
  }
}

function openLabellers(): Promise<PoolPlan> {
  return Promise.resolve({
    entry: { url: workerUrl(import.meta.url, "../../workers/label.worker"), data: {} },
    name: "labelSymbol",
    youngMb: YOUNG_MB,
    onClosed() {},
  });
}
