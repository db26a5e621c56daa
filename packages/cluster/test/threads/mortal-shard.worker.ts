import { workerData } from "node:worker_threads";
import { runShard, type ShardInit } from "../../src/index.ts";

/** How this shard ends: never beating, refusing its feed, or told to by its feed's first add. */
interface MortalData {
  readonly how: "silent" | "refuses";
}

const { init, data } = workerData as { readonly init: ShardInit; readonly data: MortalData };
if (data.how === "silent") {
  // A thread that starts and never gets to its first beat.
  init.port.ref();
} else {
  runShard(init, {
    createFeed: () => ({
      async start() {
        throw Object.assign(new Error("no feed here"), { code: "NO_FEED" });
      },
      add() {},
      remove() {},
      supplyBars() {},
      async stop() {},
    }),
    createScorers: () => {
      throw new Error("nothing is scored here");
    },
  });
}
