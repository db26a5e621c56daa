/** Closed bars of a symbol that a source keeps at most. */
export const RECENT_BARS_MAX = 512;

/**
 * The last closed bars of every symbol that is watched: a view on memory that others write while it is read. `look`
 * chooses a symbol; the other members speak of that look.
 */
export interface RecentBars {
  /** `gone`: nobody watches the symbol any more. `busy`: its bars are in motion or not there yet, look again later. */
  look(symbol: string): "gone" | "busy" | "ready";
  /** Counts the runs of a symbol's bars: bars of different generations have a hole between them. */
  readonly generation: number;
  /** Bars of the present run that can be read. */
  readonly count: number;
  /** Copies the last `count` bars, flat, oldest first, to the start of `out`; false when they changed meanwhile. */
  copyLast(count: number, out: Float64Array): boolean;
}
