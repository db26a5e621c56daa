/**
 * The seal of an order that risk has approved: only `exchange/approval` makes one, and only `risk` may import that. It
 * never crosses a thread (a structured clone drops the private field, and the type with it). What was approved is frozen.
 */
class Approved<T> {
  readonly value: T;
  readonly #isSealed = true;

  private constructor(value: T) {
    this.value = Object.freeze(value);
    Object.freeze(this);
  }

  static seal<T>(value: T): Approved<T> {
    return new Approved(value);
  }

  /** True for a seal that was made here, false for anything that only looks like one. */
  static isSealed(value: unknown): boolean {
    return typeof value === "object" && value !== null && #isSealed in value && value.#isSealed;
  }
}

export type RiskApproved<T> = Approved<T>;

/** For `exchange/approval` alone. */
export const seal: <T>(value: T) => RiskApproved<T> = (value) => Approved.seal(value);

/** A gateway refuses what does not pass this: a forged order is broken code. */
export function isApproved(value: unknown): boolean {
  return Approved.isSealed(value);
}
