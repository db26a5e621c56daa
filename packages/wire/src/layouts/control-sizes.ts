/** Places kept for the feed's counters in the control block; the feed may use fewer. */
export const FEED_COUNTER_LINES = 24;
