/** Named limits of the order side (conventions: everything has a limit; the limit has a name). */

/** How long an entry may be on its way before the venue refuses it, ms (docs/trading.md 5). */
export const ENTRY_WINDOW_MS = 2_000;
/** The same of everything else. */
export const OTHER_WINDOW_MS = 5_000;
/** An entry, or a setting that an entry waits for, that could not leave for so long is never sent. */
export const ENTRY_AGE_MS_MAX = 500;
/**
 * The same of exits, stops, targets and cancels: only a pause of the venue itself holds them, and what would wait longer is
 * told as NOT_SENT, so that the core derives it anew from what is held by then.
 */
export const PROTECTIVE_AGE_MS_MAX = 10_000;
/** Calls that may wait in one lane. */
export const CALLS_WAITING_MAX = 256;
/** Wall ms until an order's reply must have come; after that its outcome is unknown. */
export const ORDER_REPLY_WALL_MS = 5_000;
/**
 * Wall ms that a call which was refused for its time waits for the clock to be measured anew: five samples of the longest way
 * that is let pass. The measuring goes on without it.
 */
export const HEAL_WALL_MS = 6_000;
/** Wall ms until an answer must have come. */
export const ANSWER_WALL_MS = 10_000;
/** Share of the order counts that entries may use; the rest is for exits, stops and targets. */
export const ENTRY_ORDER_SHARE = 0.8;
/** Orders in 10 s and in a minute, until the venue has said its own numbers. */
export const ORDERS_10S_AT_START = 300;
export const ORDERS_MINUTE_AT_START = 1_200;
/** Entries rest after the venue said that it is overloaded, that its firewall refuses us, that it refuses the key. */
export const OVERLOAD_PAUSE_MS = 5_000;
export const FIREWALL_PAUSE_MS = 60_000;
export const KEY_PAUSE_MS = 60_000;
/** How often it is looked what symbols are set to: as often as the account is held against the books. */
export const MARGIN_LOOK_MS: number = 15 * 60_000;
/** Order ids, algo ids and fees that are remembered, each. */
export const NAMES_MAX = 20_000;
/** Rows of one page of trades or income: the venue's most. */
export const PAGE_ROWS = 1_000;
/** Pages of one answer. */
export const PAGES_MAX = 200;
/** The venue tells trades and income of at most seven days in one answer, and of three months at all. */
export const HISTORY_WINDOW_MS: number = 7 * 86_400_000;
export const HISTORY_MS_MAX: number = 90 * 86_400_000;
/** How long the venue may not know an order whose trade it tells already. */
export const ORDER_LAG_MS_MAX = 60_000;
/** The price that a fee in another asset is converted at is asked for again after so long. */
export const ASSET_PRICE_AGE_MS_MAX = 60_000;
/** A word of the stream waits so long for what it lacks (a fee's price, a stop's name); then it is told without it. */
export const WORD_WAIT_WALL_MS = 2_000;
/** Words that may wait behind such a one. */
export const WORDS_WAITING_MAX = 4_096;
/** A listen key lives for 60 minutes, venue ms; this is how often it is kept alive. */
export const KEEP_ALIVE_MS: number = 30 * 60_000;
/** A socket lives for 24 h; a new one takes over before. */
export const ROTATE_MS: number = 23 * 3_600_000;
/** No word of an order for so long after its ack says that the stream is mute (AC07). */
export const MUTE_MS = 5_000;
/** Shortest and longest wait before the stream is tried again, venue ms. */
export const STREAM_BACK_OFF_MIN_MS = 1_000;
export const STREAM_BACK_OFF_MAX_MS = 60_000;
/** Ids of orders that the stream has told of, remembered for its watchdog. */
export const HEARD_MAX = 4_096;
/** When the account book is asked for a payment that the stream has told of, ms after it. */
export const INCOME_ASKS_MS: readonly number[] = [500, 2_000, 5_000, 15_000, 45_000, 120_000];
/** How far the time of a payment's row may lie from what the stream said. */
export const INCOME_TIME_MS_MAX = 15_000;
/** Rows of the account book that are remembered as told. */
export const INCOME_TOLD_MAX = 20_000;
