/** What the trackers of zones (a top and a bottom each) share: which zones make a setup on the present bar. */
export class ZoneTracker {
  /** Sides (bit 0 up, bit 1 down) with a zone that makes a setup on this bar; each tracker says which zones do. */
  setupSides = 0;
  /** Far edges of those zones: the lowest bottom of the up side, the highest top of the down side; else meaningless. */
  setupBottom: number = Infinity;
  setupTop: number = -Infinity;

  protected noteSetup(isBullish: boolean, top: number, bottom: number): void {
    if (isBullish) {
      if ((this.setupSides & 1) === 0 || bottom < this.setupBottom) this.setupBottom = bottom;
      this.setupSides |= 1;
    } else {
      if ((this.setupSides & 2) === 0 || top > this.setupTop) this.setupTop = top;
      this.setupSides |= 2;
    }
  }
}

/** Raises the trigger at `at`, the price below which nothing happens to a list, to `price`. */
export function raiseTrigger(f64: Float64Array, at: number, price: number): void {
  if (price > (f64[at] as number)) f64[at] = price;
}

/** Lowers the trigger at `at`, the price above which nothing happens to a list, to `price`. */
export function lowerTrigger(f64: Float64Array, at: number, price: number): void {
  if (price < (f64[at] as number)) f64[at] = price;
}
