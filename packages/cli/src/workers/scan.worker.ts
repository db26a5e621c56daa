import { workerData } from "node:worker_threads";
import { createScanner, type ScanInit } from "@smcq/cluster/scan";
import { createBook } from "../engine/models/scan-models.ts";
import type { ScanReply, ScanTask } from "@smcq/wire";

const { init } = workerData as { readonly init: ScanInit };

/** A scan thread's only task. */
export const scan: (task: ScanTask) => ScanReply = createScanner(init, createBook);
