import type { SweepTask, SweepWorkerData } from "../../workers/sweep.worker.ts";
import type { PointResult } from "../../offline/sweep/point-result.ts";
import { madeInput } from "./job-input.ts";
import { JobKind, type TradeGround } from "./job-tasks.ts";
import type { JobInput, Jobs } from "./open-jobs.ts";
import { fromText, toBytes, toText } from "./plain-bytes.ts";

/** The second passes of a sweep by workers on other hosts. */
export class TradeJobs {
  readonly #jobs: Jobs;
  readonly #ground: JobInput;

  constructor(jobs: Jobs, { series, ...rest }: SweepWorkerData) {
    this.#jobs = jobs;
    const parts = series.map((own) => madeInput(() => toBytes(own)));
    const ground: TradeGround = { ...rest, series: parts.map(({ sha256 }) => sha256) };
    this.#ground = madeInput(() => toBytes(ground), parts);
  }

  /** As a thread of `sweep.worker.ts` does it; `label` is what people call the combination. */
  async run(task: SweepTask, label: string): Promise<PointResult> {
    const bytes = await this.#jobs.run({
      kind: JobKind.Trade,
      label,
      task: toText(task),
      inputs: [this.#ground],
      hint: "",
    });
    return fromText<PointResult>(Buffer.from(bytes).toString());
  }

  /** Refuses with JOBS_UNEQUAL when workers did not agree. */
  close(): Promise<void> {
    return this.#jobs.verify();
  }
}
