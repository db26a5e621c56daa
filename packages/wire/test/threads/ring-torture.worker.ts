import { parentPort, workerData } from "node:worker_threads";
import { Word, type TortureData } from "./torture-protocol.ts";
import { TortureReader } from "./torture-reader.ts";
import { TortureWriter } from "./torture-writer.ts";

const data = workerData as TortureData;
const thread = data.role === "writer" ? new TortureWriter(data) : new TortureReader(data);
Atomics.add(new Int32Array(data.words), Word.Ready, 1);
parentPort?.postMessage(thread.run());
