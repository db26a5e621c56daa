// Preload of a test: the thread of shard 0 ends, and each that follows it, from when the file of this query is there.
import { existsSync } from "node:fs";
import { isMainThread, workerData } from "node:worker_threads";

const file = new URL(import.meta.url).searchParams.get("file");
const LOOK_MS = 50;

if (!isMainThread && workerData?.init?.memory?.shardId === 0)
  setInterval(() => existsSync(file) && process.exit(1), LOOK_MS).unref();
