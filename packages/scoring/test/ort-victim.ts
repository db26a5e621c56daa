/**
 * A process with a live ONNX Runtime and two scan threads at work, that ends in the way its argument names; prints
 * the pid of ONNX Runtime's process first.
 */
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { makeGolden } from "../src/golden/make-golden.ts";
import { parseLightGbm } from "../src/lightgbm/parse-lightgbm.ts";
import { toTreeEnsemble } from "../src/lightgbm/to-tree-ensemble.ts";
import { createModelMemory } from "../src/model-memory.ts";
import { writeOnnx } from "../src/onnx/write-onnx.ts";
import { OrtHost } from "../src/ort/ort-host.ts";
import { lightGbmText } from "./light-gbm-text.ts";

const [, , way = "", afterMs = "0"] = process.argv;
const model = parseLightGbm(lightGbmText({ trees: 300, leaves: 31 }));
const onnx = writeOnnx(toTreeEnsemble(model), {});
const { features, count } = makeGolden(model, 1);
const memory = createModelMemory({ lanes: 2 });
const host = new OrtHost({ memory, clock: new SystemClock(), logger: silentLogger });
await host.install(1, onnx);
memory.install({ epoch: 1, id: "m", calibration: { a: 1, b: 0 }, tables: "ort" });
const lanes = [0, 1].map(
  (lane) =>
    new Worker(new URL("./threads/scan-lane.worker.ts", import.meta.url), {
      workerData: { shared: memory.shared(), lane, features, count, rounds: Infinity },
    }),
);
await Promise.all(lanes.map((lane) => new Promise((resolve) => lane.once("message", resolve))));
process.stdout.write(`${host.pid}\n`);
await setTimeout(Number(afterMs));

switch (way) {
  case "exit":
    process.exit(3);
    break;
  case "crash":
    throw new Error("crashed on purpose");
  case "kill":
    process.kill(process.pid, "SIGKILL");
    break;
  case "reload":
    await host.install(2, onnx);
    await host.drop(1);
    process.exit(3);
    break;
  case "shut down":
    await Promise.all(lanes.map((lane) => lane.terminate()));
    await host.close();
    break;
  default:
    throw new Error(`no such way to end: ${way}`);
}
