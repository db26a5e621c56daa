/** Named limits of the feed and of REST (conventions: everything has a limit; the limit has a name). */

/** Symbols of one connection (S1). */
export const SYMBOLS_PER_CONNECTION = 50;
/** Stream names in one SUBSCRIBE: several hundred in one message have failed silently (docs/binance.md 2.5). */
export const NAMES_PER_MESSAGE_MAX = 100;
/** Wall ms between two messages of ours on one connection: 4 a second, of the venue's 10. */
export const SEND_GAP_WALL_MS = 250;
/** Messages of ours that may wait on one connection. */
export const SEND_QUEUE_MAX = 64;
/** A larger frame is dropped unread, the socket kept (MD11). A kline frame has about 350 bytes. */
export const FRAME_BYTES_MAX: number = 64 * 1_024;
/** A larger frame closes the socket inside ws (docs/security.md T18). */
export const PAYLOAD_BYTES_MAX: number = 4 * 1_024 * 1_024;
/** Bad frames without a good one between them after which a connection is replaced. */
export const BAD_FRAMES_IN_ROW_MAX = 20;
/** Share of the venue's request weight that we use at most (I7). */
export const WEIGHT_SHARE_MAX = 0.8;
/** Share that short questions may reach into which positions, or a start, wait for. */
export const RESERVED_WEIGHT_SHARE = 0.95;
/**
 * Share that only two questions may reach into. Whether the venue answers: who waits for weight does not wait for the venue.
 * What time it has: whose clock is wrong is answered nothing else, and what is refused for its time takes weight as well.
 */
export const WHOLE_WEIGHT_SHARE = 1;
/** In front of everything: what waits for weight stands in nobody's way that needs not. */
export const FIRST_PRIORITY = -2;
/** In front of everything that is not about an account. */
export const RESERVED_PRIORITY = -1;
/** Share that questions may use which nobody waits for, behind everything else. */
export const IDLE_WEIGHT_SHARE = 0.5;
export const IDLE_PRIORITY = 9;
/** Weight a minute assumed until exchangeInfo has said the venue's own number (2,400 in production). */
export const WEIGHT_LIMIT_AT_START = 1_200;
/** Requests that may wait for the rate budget. */
export const BUDGET_QUEUE_MAX = 1_024;
/** Bar requests that may wait in the backfill queue. */
export const BACKFILL_QUEUE_MAX = 8_192;
/** Bars of one klines call that the queue makes at most: the venue's own limit is 1,500. */
export const BARS_PER_CALL_MAX = 1_500;
/** Bars of a repair request: up to 99 cost weight 1. */
export const REPAIR_BARS_MAX = 99;
/** Bars of a warm-up: 499 cost weight 2, the best rate of all limits (docs/binance.md 4.1). */
export const HISTORY_BARS = 499;
/** A hole longer than the ring cannot be filled: the symbol starts anew (MD10). */
export const RING_BARS = 512;
