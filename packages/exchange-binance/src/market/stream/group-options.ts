import type { Clock, Logger, Rng } from "@smcq/kernel";
import type { FeedMeter } from "@smcq/exchange";
import { BAD_FRAMES_IN_ROW_MAX } from "../../limits.ts";
import type { BackOffRange } from "./back-off.ts";
import type { ConnectBudget } from "./connect-budget.ts";
import type { SocketTimeouts } from "./stream-socket.ts";

/** What a frame was for its connection. */
export const FrameUse = { Data: 0, Control: 1, Bad: 2 } as const;
export type FrameUse = (typeof FrameUse)[keyof typeof FrameUse];

/** When a connection is replaced, whatever it carries. */
export interface ConnectionTiming extends BackOffRange {
  /** Venue ms after which a healthy connection is replaced; the venue itself closes at 24 h. */
  readonly rotateAfterMs: number;
  /** The rotations of all connections spread over this long. */
  readonly rotateSpreadMs: number;
  /** Venue ms of health after which the next failure is a first one again. */
  readonly healthyAfterMs: number;
  /** Bad frames in a row after which a connection is replaced. */
  readonly badFramesInRowMax: number;
}

/** The same for a group of streams, with the silence after which its connection is taken for dead. */
export interface GroupTiming extends ConnectionTiming {
  /** Venue ms without data after which a connection is replaced; Infinity for streams that may be silent. */
  readonly dataSilenceMsMax: number;
  /** The same for a connection with few streams, where a quiet market is no fault. */
  readonly dataSilenceFewMsMax: number;
  /** Up to so many streams are few. */
  readonly fewStreamsMax: number;
  /** Floor of the same in wall ms: at a scaled clock our own stalls must not look like the venue's silence. */
  readonly dataSilenceWallMsMin: number;
}

const HOUR_MS = 3_600_000;

/** What holds for every connection unless its options say otherwise. */
export const CONNECTION_TIMING: ConnectionTiming = {
  rotateAfterMs: 23 * HOUR_MS,
  rotateSpreadMs: HOUR_MS / 2,
  healthyAfterMs: 60_000,
  backOffMinMs: 5_000,
  backOffMaxMs: 300_000,
  badFramesInRowMax: BAD_FRAMES_IN_ROW_MAX,
};

export interface GroupOptions {
  readonly index: number;
  readonly url: string;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly meter: FeedMeter;
  readonly budget: ConnectBudget;
  readonly timing: GroupTiming;
  readonly timeouts: SocketTimeouts;
  readonly defer: (fn: () => void) => void;
  /** Reads a frame and says what it was. */
  readonly onFrame: (data: Buffer) => FrameUse;
  /** Data flows (again) after a connection was made. */
  readonly onLive: () => void;
  /** The connection's state or the venue's words have changed. */
  readonly onState?: () => void;
}

export type GroupState = "stopped" | "waiting" | "connecting" | "silent" | "live";

export interface GroupStatus {
  readonly index: number;
  readonly state: GroupState;
  readonly streams: number;
  /** Connections that were opened. */
  readonly connects: number;
  /** Since when it has been open, or not; ms by the group's clock; null: it was never tried. */
  readonly sinceMs: number | null;
  /** Why the last connection ended, empty when none did. */
  readonly lastEnd: string;
  /** The subscriptions of the open connection are acknowledged. */
  readonly isAcked: boolean;
  /** The last handshake was answered with a status that asking again does not change. */
  readonly isRefused: boolean;
  /** What the venue said last by itself: an error, or why it closed; empty when it said nothing. */
  readonly words: string;
}

/** What to look at when a connection is open and acknowledged but silent. */
export const NO_DATA_HINT: string =
  "the venue acknowledged the subscription but sends no data: klines come only from the routed path /market/stream " +
  "(a wrong path or an unknown symbol connects and stays silent)";

/** Of streams that may be silent for long, and whose silence is no fault: only pings and the 23 h rotation watch over them. */
export const QUIET_TIMING: GroupTiming = {
  dataSilenceMsMax: Number.POSITIVE_INFINITY,
  dataSilenceFewMsMax: Number.POSITIVE_INFINITY,
  fewStreamsMax: 0,
  dataSilenceWallMsMin: 0,
  ...CONNECTION_TIMING,
};
