import { MINUTE_MS } from "@smcq/kernel";
import { requireWithin } from "@smcq/risk";
import type { EntryPlan } from "@smcq/strategy";

/**
 * A position is left so long before the venue delivers its symbol (docs/trading.md 6, `delist`): in its last hour prices are
 * those of the settlement. Nothing is entered that its plan could hold until then.
 */
export const DELIST_EXIT_MS: number = 120 * MINUTE_MS;

/** The limits of the protocols against the venue (docs/trading.md 5); times are venue ms. */
export interface ProtocolLimits {
  /** How long a position may stand without a confirmed stop; then it is left. */
  readonly protectMs: number;
  /** Market orders that a trade is left with at most inside `exitWindowMs`; then the next minute tries again. */
  readonly exitsMax: number;
  readonly exitWindowMs: number;
  /** How long an exit waits for the target's end; the order that never came, or whose end was lost, has none. */
  readonly targetEndMs: number;
  /** Stops that may end without a word of ours inside `stopsLostWindowMs`; with this many the position is left. */
  readonly stopsLostMax: number;
  readonly stopsLostWindowMs: number;
  /**
   * How often positions, resting orders and wallet are held against the venue's while nothing is in doubt: also while nothing is
   * held, as others may trade.
   */
  readonly reconcileMs: number;
}

type Bounds = Readonly<Record<keyof ProtocolLimits, readonly [min: number, max: number]>>;

/** Bounds that no configuration passes (docs/security.md T20); an exit's window ends before the next minute's try. */
export const PROTOCOL_BOUNDS: Bounds = Object.freeze({
  protectMs: [100, 10_000],
  exitsMax: [1, 10],
  exitWindowMs: [1_000, 30_000],
  targetEndMs: [50, 5_000],
  stopsLostMax: [1, 10],
  stopsLostWindowMs: [1_000, 86_400_000],
  reconcileMs: [10_000, 3_600_000],
});

for (const bounds of Object.values(PROTOCOL_BOUNDS)) Object.freeze(bounds);

/** Returns the limits; refuses with CONFIG_PROTOCOL_BOUND what lies outside the compiled bounds. */
export function requireProtocolBounded(limits: ProtocolLimits): ProtocolLimits {
  return requireWithin("protocol", limits, PROTOCOL_BOUNDS);
}

/** Bounds of an entry that rests; its bars are minutes here, and a plan may count in 15. */
export const ENTRY_BOUNDS: Readonly<Record<"offsetAtr" | "expiryBars", readonly [min: number, max: number]>> =
  Object.freeze({
    offsetAtr: Object.freeze([0, 5] as const),
    expiryBars: Object.freeze([1, 900] as const),
  });

/** Returns the plan of entries; refuses with CONFIG_STRATEGY_ENTRY_BOUND what lies outside the compiled bounds. */
export function requireEntryBounded(entry: EntryPlan): EntryPlan {
  if (entry.kind === "limit") {
    const { offsetAtr, expiryBars } = entry;
    requireWithin("strategy.entry", { offsetAtr, expiryBars }, ENTRY_BOUNDS);
  }
  return entry;
}
