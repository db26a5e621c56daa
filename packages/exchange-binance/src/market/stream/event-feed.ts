import { type FeedConnection, FeedCounter, type FeedMeter } from "@smcq/exchange";
import { afterTurn, type Clock, type Logger, type Rng } from "@smcq/kernel";
import type { z } from "zod";
import type { VenueBases } from "../../check-url.ts";
import { FRAME_BYTES_MAX } from "../../limits.ts";
import { parseJsonSafe } from "../../rest/json-safe.ts";
import { type ConnectBudget, LocalConnectBudget } from "./connect-budget.ts";
import { FrameUse, type GroupStatus, type GroupTiming, QUIET_TIMING } from "./group-options.ts";
import { StreamGroup } from "./stream-group.ts";
import type { SocketTimeouts } from "./stream-socket.ts";

/** What a small feed needs of its run. */
export interface EventFeedOptions {
  readonly bases: VenueBases;
  /** The venue's. */
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly meter: FeedMeter;
  readonly connectBudget?: ConnectBudget;
  readonly timing?: Partial<GroupTiming>;
  readonly timeouts?: SocketTimeouts;
}

/** Which events a feed is of. */
export interface EventKind<T> {
  /** Of the connection, in logs. */
  readonly index: number;
  readonly url: string;
  /** The stream that is followed from the beginning. */
  readonly stream: string;
  readonly schema: z.ZodType<T>;
  /** False: it tells nothing that can be used, and is counted as such. */
  readonly take: (event: T) => boolean;
}

/** Opens a small connection of its own for events of one kind; what cannot be read, or is of another kind, is counted. */
export function openEventFeed<T extends { readonly st?: number | null | undefined }>(
  options: EventFeedOptions,
  { index, url, stream, schema, take }: EventKind<T>,
): StreamGroup {
  const group = new StreamGroup({
    ...options,
    index,
    url,
    budget: options.connectBudget ?? new LocalConnectBudget({ clock: options.clock }),
    timing: { ...QUIET_TIMING, ...options.timing },
    timeouts: options.timeouts ?? {},
    defer: afterTurn,
    onFrame: (data) => useOf(data, options.meter, { schema, take }),
    onLive: () => options.log.debug({ stream }, "a small feed is subscribed"),
  });
  group.subscribe([stream]);
  return group;
}

/** How the connection of a small feed does, as whoever uses the feed sees it. */
export function connectionOf({
  state,
  sinceMs,
  connects,
  streams,
  words,
  lastEnd,
}: GroupStatus): FeedConnection {
  const isOpen = state === "silent" || state === "live";
  return { isOpen, sinceMs, connects, streams, words: words === "" ? lastEnd : words };
}

function useOf<T extends { readonly st?: number | null | undefined }>(
  data: Buffer,
  meter: FeedMeter,
  { schema, take }: Pick<EventKind<T>, "schema" | "take">,
): FrameUse {
  meter.count(FeedCounter.Messages, 1);
  meter.count(FeedCounter.Bytes, data.length);
  const frame = data.length > FRAME_BYTES_MAX ? undefined : parseObject(data.toString());
  if (frame === undefined) {
    meter.count(FeedCounter.BadFrames, 1);
    return FrameUse.Bad;
  }
  const parsed = schema.safeParse("data" in frame ? frame.data : frame);
  if (!parsed.success && ("id" in frame || "error" in frame)) return FrameUse.Control;
  // Since 2026-06-30 the streams carry COIN-M contracts too (st=2); older events have no st.
  const isUsed = parsed.success && (parsed.data.st ?? 1) === 1 && take(parsed.data);
  if (!isUsed) meter.count(FeedCounter.Unknown, 1);
  return FrameUse.Data;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = parseJsonSafe(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
