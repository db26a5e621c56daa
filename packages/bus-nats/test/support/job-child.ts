// A worker as a process of its own, for tests that kill it: URL NAME FOLDER ID TRIES. It doubles numbers, and ends in the middle of those below 0.
import { SystemClock, silentLogger } from "@smcq/kernel";
import { BusConnection, JobWorker } from "../../src/index.ts";
import { CHILD_LIMITS, CHILD_VERSION } from "./job-campaign.ts";

const [url = "", name = "", folder = "", id = "", tries = ""] = process.argv.slice(2);
const clock = new SystemClock();
const never = new AbortController().signal;
const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
const connection = await BusConnection.open({
  url,
  name,
  ...files,
  connectTimeoutMs: 5_000,
  client: "test",
  logger: silentLogger,
});
const worker = await JobWorker.open({
  connection,
  version: CHILD_VERSION,
  id,
  threads: 2,
  folder,
  clock,
  logger: silentLogger,
  limits: { ...CHILD_LIMITS, triesMax: Number(tries) },
  execute: async ({ task, inputs }, cache) => {
    const number = Number(task);
    if (number < 0) process.kill(process.pid, "SIGKILL");
    await new Promise<void>((resolve) => void clock.after(20, resolve));
    const [input = ""] = inputs;
    const text = Buffer.from(await cache.bytes(input)).toString();
    return { type: "done", bytes: Buffer.from(`${number * 2} ${text}`) };
  },
});
process.send?.("ready");
await worker.run({ stop: never, hurry: never });
