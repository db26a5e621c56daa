import { createClock, type LogFields, type Logger, SystemClock, toWireError } from "@smcq/kernel";
import type { ScorerRegistry } from "@smcq/features";
import { Pauses, type ShardCommand, type ShardEvent } from "@smcq/wire";
import { ScanCore } from "../scan/scan-core.ts";
import { watchGc } from "../threads/gc-watch.ts";
import type { ShardInit } from "../threads/shard-init.ts";
import { type CreateFeed, ShardCore } from "./shard-core.ts";

/** A logger whose lines travel to the coordinator, where the one real logger lives. */
export function portLogger(emit: (event: ShardEvent) => void, bound: LogFields = {}): Logger {
  const say =
    (level: "debug" | "info" | "warn" | "error") =>
    (fields: LogFields, text: string): void =>
      emit({ type: "log", level, fields: { ...bound, ...fields }, text });
  return {
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    child: (fields) => portLogger(emit, { ...bound, ...fields }),
  };
}

/**
 * Runs a shard in the present thread until it is told to drain. An error that nothing handled is reported and ends
 * the thread: the coordinator starts another one on the same rings.
 */
export function runShard(
  init: ShardInit,
  deps: { readonly createFeed: CreateFeed; readonly createScorers: (shardId: number) => ScorerRegistry },
): void {
  const { port, memory } = init;
  const emit = (event: ShardEvent): void => port.postMessage(event);
  const fail = (error: unknown): void => {
    emit({ type: "failed", error: toWireError(error) });
    port.close();
    throw error;
  };
  const gc = new Pauses(memory.gc);
  watchGc((ms) => gc.add(ms));
  const machineClock = createClock(init.clockSpec);
  const core = new ShardCore({
    memory,
    machineClock,
    wallClock: new SystemClock(),
    logger: portLogger(emit, { shardId: memory.shardId }),
    createFeed: deps.createFeed,
    scan: init.isScanning
      ? new ScanCore(memory, deps.createScorers(memory.shardId), machineClock, init.scan)
      : null,
    emit,
  });
  port.on("message", (command: ShardCommand) => {
    core.handle(command).then(() => {
      if (command.type === "drain") port.close();
    }, fail);
  });
  core.start(init.assignments).then(() => emit({ type: "online" }), fail);
}
