import { SmcqError } from "@smcq/kernel";
import type { ScanReply, ScanTask, ShardCommand } from "@smcq/wire";

/** The scan task that runs in a shard's own thread (`--compute shard`): one at most. */
export class OwnThreadScan {
  #waiting: PromiseWithResolvers<ScanReply> | null = null;

  /** Sends a task to the thread; rejects at once when `send` says that nobody is there. */
  async run(task: ScanTask, send: (command: ShardCommand) => boolean): Promise<ScanReply> {
    if (!send({ type: "scan", task }))
      throw new SmcqError("SHARD_DIED", "the shard that should scan is gone");
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Hands the thread's reply to the task that waits for it; false when none does. */
  answer(reply: ScanReply): boolean {
    const waiting = this.#take();
    waiting?.resolve(reply);
    return waiting !== null;
  }

  /** The thread is gone and answers no more; false when no task waited. */
  fail(): boolean {
    const waiting = this.#take();
    waiting?.reject(new SmcqError("SHARD_DIED", "the shard died while it scanned"));
    return waiting !== null;
  }

  #take(): PromiseWithResolvers<ScanReply> | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }
}
