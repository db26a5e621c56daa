import { SmcqError } from "@smcq/kernel";
import type { ScanReply, ScanTask, ShardCommand } from "@smcq/wire";

interface Waiting {
  readonly resolve: (reply: ScanReply) => void;
  readonly reject: (error: Error) => void;
}

/** Scan tasks that run in the shards' own threads (`--compute shard`), at most one a shard. */
export class ShardScans {
  readonly #waiting = new Map<number, Waiting>();

  /** Sends a task to its shard; rejects at once when `send` says that nobody is there. */
  run(task: ScanTask, send: (command: ShardCommand) => boolean): Promise<ScanReply> {
    return new Promise((resolve, reject) => {
      if (send({ type: "scan", task })) this.#waiting.set(task.shardId, { resolve, reject });
      else reject(new SmcqError("SHARD_DIED", "the shard that should scan is gone"));
    });
  }

  /** Hands a shard's reply to the task that waits for it; false when none does. */
  answer(shardId: number, reply: ScanReply): boolean {
    const waiting = this.#waiting.get(shardId);
    this.#waiting.delete(shardId);
    waiting?.resolve(reply);
    return waiting !== undefined;
  }

  /** The shard is gone and answers no more; false when no task waited. */
  fail(shardId: number): boolean {
    const waiting = this.#waiting.get(shardId);
    this.#waiting.delete(shardId);
    waiting?.reject(new SmcqError("SHARD_DIED", "the shard died while it scanned"));
    return waiting !== undefined;
  }
}
