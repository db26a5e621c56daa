import type { Bar } from "@smcq/kernel";
import type { MarketFeed } from "../market.ts";
import type { RecordingMeter, RecordingSink } from "./recording-sink.ts";

/** What a scripted venue can be told to do wrong; it concerns the next minute that the venue closes. */
export type FeedFault =
  /** The final comes twice (MD06, NW07). */
  | { readonly type: "duplicate-final"; readonly symbol: string }
  /** The final never comes by stream; REST has it (MD04). */
  | { readonly type: "missing-final"; readonly symbol: string }
  /** The final comes after the one of the following minute (MD05, MD07). */
  | { readonly type: "late-final"; readonly symbol: string }
  /** The stream's final has other numbers than the truth, which REST or a later final tells (MD08). */
  | { readonly type: "different-final"; readonly symbol: string }
  /** The stream's final has impossible numbers; REST has the truth (MD12). */
  | { readonly type: "implausible-final"; readonly symbol: string }
  /** Bytes that are no message of the venue (MD11). */
  | { readonly type: "garbage" }
  /** The symbol says nothing for one minute while its connection lives (MD01). */
  | { readonly type: "silent-symbol"; readonly symbol: string }
  /** Every connection breaks; the venue is reachable again after one minute at most (MD09). */
  | { readonly type: "disconnect" }
  /** The feed hears nothing, by stream or REST, for longer than a ring of 512 bars (MD10). */
  | { readonly type: "long-outage" };

/** A feed wired to a scripted venue; one harness serves one case. */
export interface FeedHarness {
  readonly feed: MarketFeed;
  /** The sink that the feed writes into; built with the venue's clock where there is one. */
  readonly sink: RecordingSink;
  /** The meter that the feed counts into; null for a feed that has none. */
  readonly meter: RecordingMeter | null;
  /** At least four symbols that the venue trades in every minute. */
  readonly symbols: readonly string[];
  /** The bar as the venue finally serves it; null for a minute that it does not have. */
  truth(symbol: string, openTimeMs: number): Bar | null;
  /** Open time of the last minute that the venue has closed. */
  lastClosedMs(): number;
  /** Lets the venue close `count` more minutes of all symbols; resolves when it has sent them. */
  closeMinutes(count: number): Promise<void>;
  /** Arms a fault for the next minute; called only for the kinds named in `FeedConformanceOptions.faults`. */
  inject(fault: FeedFault): void | Promise<void>;
  /** Run between two looks at the sink: where a manual clock moves on. */
  pass?(): void | Promise<void>;
  /** Frees what the harness holds, after the suite has stopped the feed. */
  dispose(): Promise<void>;
}
