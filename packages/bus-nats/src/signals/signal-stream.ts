import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import type { BusConnection } from "../connection.ts";
import { busError } from "../errors.ts";
import type { BusNames } from "../names.ts";

/** What the server calls a stream of the name, made by another host meanwhile. */
const STREAM_NAME_IN_USE = 10_058;
const NS = 1e6;
/** Words are kept so long: who was away for longer finds none that could be traded on. */
const STREAM_AGE_MS = 900_000;
/** Ids are known again for so long; who hears knows them for longer. */
const DUPLICATE_MS = 600_000;
const STREAM_BYTES_MAX = 268_435_456;

/** The stream of all words of scanners of an installation, and its subjects. */
export function signalStream(names: BusNames): {
  readonly stream: string;
  readonly subjects: readonly string[];
} {
  return {
    stream: names.store("signals"),
    subjects: [names.subject("scanner", "signals", "*"), names.subject("scanner", "bars", "*")],
  };
}

/** Makes the stream if there is none; one that is there stays as its owner has made it. Errors: BUS_REFUSED, BUS_UNREACHABLE. */
export async function requireSignalStream(
  manager: JetStreamManager,
  { names, replicas }: Pick<BusConnection, "names" | "replicas">,
): Promise<void> {
  const { stream, subjects } = signalStream(names);
  try {
    if (await hasStream(manager, stream)) return;
    await manager.streams.add({
      name: stream,
      description: "what scanners find, for who trades",
      subjects: [...subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      num_replicas: replicas,
      discard: DiscardPolicy.Old,
      max_age: STREAM_AGE_MS * NS,
      max_bytes: STREAM_BYTES_MAX,
      duplicate_window: DUPLICATE_MS * NS,
    });
  } catch (error) {
    // Another host has just made it.
    if (isApi(error, STREAM_NAME_IN_USE)) return;
    throw busError(error, `stream ${stream}`);
  }
}

async function hasStream(manager: JetStreamManager, stream: string): Promise<boolean> {
  try {
    await manager.streams.info(stream);
    return true;
  } catch (error) {
    if (isApi(error, JetStreamApiCodes.StreamNotFound)) return false;
    throw error;
  }
}

/** Whether JetStream said this, and nothing else. */
export function isApi(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
