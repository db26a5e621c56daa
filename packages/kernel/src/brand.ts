declare const brand: unique symbol;

/** A primitive that carries its meaning in its type; it costs nothing at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** Milliseconds since 1970-01-01T00:00:00Z, on the venue's clock unless the name says otherwise. */
export type EpochMs = Brand<number, "EpochMs">;

/** A monotonic instant in nanoseconds, comparable between all threads of one process. */
export type MonoNs = Brand<number, "MonoNs">;

/** Dense index 0..n-1 of a symbol in the running universe. */
export type SymbolId = Brand<number, "SymbolId">;

/** Index 0..S-1 of a shard. */
export type ShardId = Brand<number, "ShardId">;

/** Returns `value` as an instant; refuses anything but a safe non-negative integer. */
export function epochMs(value: number): EpochMs {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an epoch in ms: ${value}`);
  return value as EpochMs;
}

/** Returns `value` as a symbol index; refuses anything but an integer 0..2^31-1. */
export function symbolId(value: number): SymbolId {
  if ((value | 0) !== value || value < 0) throw new RangeError(`not a symbol id: ${value}`);
  return value as SymbolId;
}

/** Returns `value` as a shard index; refuses anything but an integer 0..1023. */
export function shardId(value: number): ShardId {
  if ((value | 0) !== value || value < 0 || value > 1023) throw new RangeError(`not a shard id: ${value}`);
  return value as ShardId;
}

/** A price as a whole number of the symbol's ticks. */
export type PriceTicks = Brand<number, "PriceTicks">;

/** A quantity as a whole number of the symbol's steps. */
export type QtySteps = Brand<number, "QtySteps">;

/** Returns `value` as a price; refuses anything but a safe positive integer. */
export function priceTicks(value: number): PriceTicks {
  if (!Number.isSafeInteger(value) || value <= 0) throw new RangeError(`not a price in ticks: ${value}`);
  return value as PriceTicks;
}

/** Returns `value` as a quantity; refuses anything but a safe non-negative integer. */
export function qtySteps(value: number): QtySteps {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a quantity in steps: ${value}`);
  return value as QtySteps;
}
