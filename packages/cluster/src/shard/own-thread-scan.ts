import { SmcqError } from "@smcq/kernel";
import type { ScanReply, ScanTask, ShardCommand } from "@smcq/wire";

/** The scan task that runs in a shard's own thread (`--compute shard`): one at most. */
export class OwnThreadScan {
  #resolve: (reply: ScanReply) => void = () => {};
  #reject: (error: Error) => void = () => {};
  #isWaiting = false;

  /** Sends a task to the thread; rejects at once when `send` says that nobody is there. */
  run(task: ScanTask, send: (command: ShardCommand) => boolean): Promise<ScanReply> {
    return new Promise((resolve, reject) => {
      if (!send({ type: "scan", task })) {
        reject(new SmcqError("SHARD_DIED", "the shard that should scan is gone"));
        return;
      }
      this.#resolve = resolve;
      this.#reject = reject;
      this.#isWaiting = true;
    });
  }

  /** Hands the thread's reply to the task that waits for it; false when none does. */
  answer(reply: ScanReply): boolean {
    const wasWaiting = this.#isWaiting;
    this.#isWaiting = false;
    if (wasWaiting) this.#resolve(reply);
    return wasWaiting;
  }

  /** The thread is gone and answers no more; false when no task waited. */
  fail(): boolean {
    const wasWaiting = this.#isWaiting;
    this.#isWaiting = false;
    if (wasWaiting) this.#reject(new SmcqError("SHARD_DIED", "the shard died while it scanned"));
    return wasWaiting;
  }
}
