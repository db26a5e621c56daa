import { assert } from "@smcq/kernel";
import { basename } from "node:path";
import type { LabelledSymbol, LabelTask } from "../../offline/walkforward/labelled-symbol.ts";
import { fileInput } from "./job-input.ts";
import { type JobHint, JobKind, type LabelJob } from "./job-tasks.ts";
import type { Jobs } from "./open-jobs.ts";
import { fromBytes, toText } from "./plain-bytes.ts";

/** Labels one symbol's candidates on another host. */
export async function labelByJob(
  jobs: Jobs,
  { symbol, sources, tickSize, plan }: LabelTask,
): Promise<LabelledSymbol> {
  const places = sources.map(({ place }) => {
    assert(place !== undefined, "Invariant: bars for other hosts stand in files");
    return place;
  });
  const paths = places.map(({ path }) => path);
  const files = places.map(({ path, range }) => ({ name: basename(path), range }));
  const job: LabelJob = { symbol, tickSize, plan, files };
  const hint: JobHint = { nowMs: 0, paths };
  const inputs = [];
  for (const path of paths) inputs.push(await fileInput(path));
  const label = `candidates of ${symbol}`;
  const bytes = await jobs.run({
    kind: JobKind.Label,
    label,
    task: toText(job),
    inputs,
    hint: toText(hint),
  });
  return fromBytes<LabelledSymbol>(bytes);
}
