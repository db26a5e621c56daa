import { Worker } from "node:worker_threads";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, expect, it } from "vitest";
import { makeGolden } from "../src/golden/make-golden.ts";
import { parseLightGbm } from "../src/lightgbm/parse-lightgbm.ts";
import { toTreeEnsemble } from "../src/lightgbm/to-tree-ensemble.ts";
import { createModelMemory } from "../src/model-memory.ts";
import { writeOnnx } from "../src/onnx/write-onnx.ts";
import { OrtHost } from "../src/ort/ort-host.ts";
import { lightGbmText } from "./model-support.ts";

const LANES = 2;
const memory = createModelMemory({ lanes: LANES });
const host = new OrtHost({ memory, clock: new SystemClock(), logger: silentLogger });

afterEach(() => host.close());

it("loses one scan a lane to a process that hangs, and scores with the next one", async () => {
  const model = parseLightGbm(lightGbmText());
  const golden = makeGolden(model, 1);
  await host.install(1, writeOnnx(toTreeEnsemble(model), {}));
  memory.install({ epoch: 1, id: "m", calibration: { a: 1, b: 0 }, tables: "ort" });
  const hung = host.pid ?? 0;
  process.kill(hung, "SIGSTOP");
  // A lane asks again as soon as it has failed, as a shard whose scan died is scanned again.
  const posts = await Promise.all(
    Array.from({ length: LANES }, async (_, lane) => {
      const worker = new Worker(new URL("./threads/scan-lane.worker.ts", import.meta.url), {
        workerData: {
          shared: memory.shared(),
          lane,
          features: golden.features,
          count: golden.count,
          rounds: 3,
        },
      });
      const said: unknown[] = [];
      worker.on("message", (posted: unknown) => said.push(posted));
      await new Promise((resolve) => worker.once("exit", resolve));
      return said;
    }),
  );
  expect(posts).toEqual(Array.from({ length: LANES }, () => ["ORT_FAILED", golden.margins, golden.margins]));
  expect(host.pid).not.toBe(hung);
  expect(() => process.kill(hung, 0)).toThrow(/ESRCH/);
});
