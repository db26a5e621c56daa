import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import {
  afterAwake,
  afterTurn,
  assert,
  type CancelTimer,
  type Clock,
  type ClockSpec,
  errorCode,
  errorMessage,
  type Logger,
  proxyVariables,
  RestartLimit,
  type SilenceLimits,
  SilenceWatch,
  SmcqError,
  THREAD_RESTARTS,
} from "@smcq/kernel";
import { type ControlBlock, type ShardCommand, type ShardEvent, type SlotAssignment } from "@smcq/wire";
import type { ShardViews } from "../memory/cluster-memory.ts";
import type { ScanOptions } from "../scan/scan-core.ts";
import type { ShardInit } from "./shard-init.ts";
import type { WorkerEntry } from "./task-pool.ts";

/** A shard that has not beaten for so long is named in the log, and then replaced: its thread makes no native calls. */
const STALL: SilenceLimits = { warnMs: 5_000, msMax: 30_000 };
/** A draining shard that does not answer is given up after this time, ms awake. */
const DRAIN_MS_MAX = 5_000;

export interface ShardThreadOptions {
  readonly views: ShardViews;
  readonly clockSpec: ClockSpec;
  readonly wallClock: Clock;
  readonly isScanning: boolean;
  readonly scan: ScanOptions;
  readonly entry: WorkerEntry;
  readonly logger: Logger;
  readonly onEvent: (event: ShardEvent) => void;
  /** The thread died and, if `isRestarted`, another one goes on; called before the new one starts. */
  readonly onDeath: (isRestarted: boolean) => void;
  /** What the shard has to watch when it starts again. */
  readonly assignments: (isTakenOver: boolean) => readonly SlotAssignment[];
}

type ThreadState = "idle" | "running" | "draining" | "stopped" | "off";

/** One shard's thread over its whole life: start, watch, restart on the same memory, drain. */
export class ShardThread {
  readonly #control: ControlBlock;
  readonly restarts: RestartLimit;
  readonly #options: ShardThreadOptions;
  #state: ThreadState = "idle";
  #worker: Worker | null = null;
  #port: MessagePort | null = null;
  #cancelWatch: CancelTimer = () => {};
  #spawnedNs = 0;

  constructor(options: ShardThreadOptions) {
    this.#options = options;
    this.#control = options.views.control;
    this.restarts = new RestartLimit(THREAD_RESTARTS, options.wallClock);
  }

  get state(): ThreadState {
    return this.#state;
  }

  /** The thread, for tests that end it. */
  get worker(): Worker | null {
    return this.#worker;
  }

  /** Starts the thread with fresh slots. */
  start(): void {
    assert(this.#state === "idle", "Invariant: a shard is started once");
    this.#state = "running";
    this.#spawn(this.#options.assignments(false));
    this.#watch();
  }

  /** Returns false when there is no thread that could hear it. */
  send(command: ShardCommand): boolean {
    if (this.#port === null) return false;
    const transfer = command.type === "bars" ? [command.bars.buffer as ArrayBuffer] : [];
    this.#port.postMessage(command, transfer);
    return true;
  }

  /** Closes the feed, lets the thread end by itself; gives up (loudly) after a named time. */
  async drain(): Promise<void> {
    this.#cancelWatch();
    const worker = this.#worker;
    if (this.#state !== "running" || worker === null || this.#port === null) {
      if (this.#state !== "off") this.#state = "stopped";
      return;
    }
    this.#state = "draining";
    const exited = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    let cancelLate: CancelTimer = () => {};
    const late = new Promise<"late">((resolve) => {
      cancelLate = afterAwake(this.#options.wallClock, DRAIN_MS_MAX, () => resolve("late"));
    });
    this.send({ type: "drain" });
    const outcome = await Promise.race([exited, late]);
    cancelLate();
    if (outcome === "late") {
      this.#options.logger.error(
        { shardId: this.#options.views.memory.shardId, waitedMs: DRAIN_MS_MAX },
        "shard did not drain",
      );
      await worker.terminate();
    }
    this.#state = "stopped";
  }

  #spawn(assignments: readonly SlotAssignment[]): void {
    const { views, clockSpec, isScanning, scan, entry } = this.#options;
    const { port1, port2 } = new MessageChannel();
    const init: ShardInit = {
      memory: views.memory,
      clockSpec,
      assignments,
      isScanning,
      scan,
      port: port2,
    };
    const worker = new Worker(entry.url, {
      workerData: { init, data: entry.data },
      transferList: [port2],
      // No keys; a feed has to know its proxy.
      env: proxyVariables(process.env),
    });
    this.#worker = worker;
    this.#port = port1;
    this.#spawnedNs = this.#options.wallClock.monoNs();
    let failure: unknown = null;
    const onMessage = (event: ShardEvent): void => {
      if (event.type === "failed")
        failure = new SmcqError(event.error.code, event.error.message, { context: event.error.context });
      this.#options.onEvent(event);
    };
    port1.on("message", onMessage);
    worker.once("error", (error) => (failure ??= error));
    worker.once("exit", (exitCode) => {
      // The thread's end and its messages come on two ways: what it said last is heard before it counts as dead.
      for (let said = receiveMessageOnPort(port1); said !== undefined; said = receiveMessageOnPort(port1))
        onMessage(said.message as ShardEvent);
      port1.close();
      this.#port = null;
      // Replies among those messages reach their askers in microtasks, before the death does.
      afterTurn(() => this.#died(failure, exitCode));
    });
  }

  #died(failure: unknown, exitCode: number): void {
    this.#worker = null;
    if (this.#state !== "running") return;
    const { logger, views } = this.#options;
    const isRestarted = this.restarts.tryRestart();
    logger.error(
      {
        shardId: views.memory.shardId,
        exitCode,
        code: failure === null ? "EXIT" : errorCode(failure),
        error: failure === null ? "the thread ended" : errorMessage(failure),
        restartsInWindow: this.restarts.recent,
      },
      isRestarted
        ? "shard died; another thread goes on with its rings"
        : "shard died too often; its symbols are off",
    );
    if (!isRestarted) this.#state = "off";
    this.#options.onDeath(isRestarted);
    if (isRestarted) this.#spawn(this.#options.assignments(true));
  }

  #watch(): void {
    const { wallClock, logger, views } = this.#options;
    const { shardId } = views.memory;
    const watch = new SilenceWatch({
      ...STALL,
      clock: wallClock,
      // The last beat may be a dead thread's: a new one has its own time from its start on.
      beat: () => (this.#worker === null ? null : Math.max(this.#control.heartbeatNs, this.#spawnedNs)),
      onWarn: (silentMs) => logger.warn({ shardId, silentMs }, "shard does not answer"),
      onSilent: () => void this.#worker?.terminate(),
    });
    this.#cancelWatch = () => watch.stop();
  }
}
