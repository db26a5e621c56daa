import { numbers } from "./scan-bytes.ts";

/** What a frame turned out to be. */
export const FrameKind = {
  /** The scan left it to JSON.parse; never leaves the parser. */
  Undecided: 0,
  /** A kline of ours; the fields of `KlineFrame` hold it. */
  Kline: 1,
  /** Valid JSON that is no kline: an ACK, a control reply, another event. */
  Other: 2,
  /** A kline of a symbol or interval that we did not ask for. */
  Unknown: 3,
  /** No JSON, or a kline without its structure. */
  Bad: 4,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Indices of the numbers of a kline. */
export const Field = { EventTime: 0, OpenTime: 1, Open: 2, High: 3, Low: 4, Close: 5, Volume: 6 } as const;

/**
 * The fields of one kline, overwritten by the thread's next parse. Prices may be NaN or absurd: the reader judges
 * them. The numbers are the scan's own typed array, so that writing one makes no object and no copy.
 */
export class KlineFrame {
  readonly numbers: Float64Array = numbers;
  slot = -1;
  /** True when the venue says that the kline is closed (`x`). */
  isFinal = false;

  /** Open time of the kline, venue ms. */
  get openTimeMs(): number {
    return this.numbers[Field.OpenTime] as number;
  }

  /** Event time, venue ms. */
  get eventTimeMs(): number {
    return this.numbers[Field.EventTime] as number;
  }

  get open(): number {
    return this.numbers[Field.Open] as number;
  }

  get high(): number {
    return this.numbers[Field.High] as number;
  }

  get low(): number {
    return this.numbers[Field.Low] as number;
  }

  get close(): number {
    return this.numbers[Field.Close] as number;
  }

  get volume(): number {
    return this.numbers[Field.Volume] as number;
  }
}
