import type { EpochMs, MonoNs } from "../brand.ts";
import { assertDelay, type CancelTimer, type Clock, type ClockSpec } from "./clock.ts";

// Node clamps longer timers to 1 ms; a longer wait is cut into pieces.
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * `performance.now()` starts at zero in each thread; hrtime is one clock for the whole process. The two cannot be read
 * at once: of several tries the quickest counts, so that a thread that was put aside in between is not off for life.
 */
function findMonoOriginNs(): number {
  let originNs = 0;
  let widthNsMin = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8; attempt++) {
    const beforeNs = process.hrtime.bigint();
    const nowMs = performance.now();
    const widthNs = Number(process.hrtime.bigint() - beforeNs);
    if (widthNs >= widthNsMin) continue;
    widthNsMin = widthNs;
    originNs = Number(beforeNs) + widthNs / 2 - nowMs * 1e6;
  }
  return originNs;
}

const monoOriginNs = findMonoOriginNs();

/**
 * Calls `fn` once `leftMs` (wall ms) says that nothing is left. Node's timers drop fractions and may fire up to 1 ms
 * early, which on a fast clock is much: an early one is armed again, as is the next piece of a long wait.
 */
function whenDue(leftMs: () => number, fn: () => void, isUnref: boolean): CancelTimer {
  let timer: NodeJS.Timeout;
  const arm = (waitMs: number): void => {
    timer = setTimeout(look, Math.min(Math.ceil(waitMs), TIMER_MS_MAX));
    if (isUnref) timer.unref();
  };
  const look = (): void => {
    const waitMs = leftMs();
    if (waitMs > 0) arm(waitMs);
    else fn();
  };
  const waitMs = leftMs();
  if (waitMs > 0) {
    arm(waitMs);
    return () => clearTimeout(timer);
  }
  // The shortest timer is a millisecond: what is due already has the event loop's next turn. Without a reference the loop
  // would sleep first.
  const turn = setImmediate(fn);
  return () => clearImmediate(turn);
}

/** The machine's clocks. This file is the only one that touches the globals. */
export class SystemClock implements Clock {
  nowMs(): EpochMs {
    return Date.now() as EpochMs;
  }

  monoNs(): MonoNs {
    return (monoOriginNs + performance.now() * 1e6) as MonoNs;
  }

  after(delayMs: number, fn: () => void, options: { readonly unref?: boolean } = {}): CancelTimer {
    assertDelay(delayMs);
    const dueMs = performance.now() + delayMs;
    return whenDue(() => dueMs - performance.now(), fn, options.unref ?? false);
  }
}

/** Venue time that runs `speed` times as fast as the wall, anchored so that several processes agree. */
export class ScaledClock implements Clock {
  readonly speed: number;
  readonly #anchorVenueMs: number;
  // Both instants are near 1.7e12 ms, where a double steps by 2.4e-4 ms; their difference is small and exact.
  readonly #originMs: number;

  constructor(spec: Extract<ClockSpec, { type: "scaled" }>) {
    if (!(spec.speed > 0 && spec.speed <= 10_000))
      throw new RangeError(`speed must be in (0, 10000], got ${spec.speed}`);
    if (!Number.isFinite(spec.anchorVenueMs) || !Number.isFinite(spec.anchorWallMs))
      throw new RangeError(`anchors must be finite, got ${spec.anchorVenueMs} and ${spec.anchorWallMs}`);
    this.speed = spec.speed;
    this.#anchorVenueMs = spec.anchorVenueMs;
    this.#originMs = performance.timeOrigin - spec.anchorWallMs;
  }

  nowMs(): EpochMs {
    return Math.floor(this.#anchorVenueMs + this.#elapsedMs()) as EpochMs;
  }

  /** Venue ms, with fractions, since the anchor. */
  #elapsedMs(): number {
    return (this.#originMs + performance.now()) * this.speed;
  }

  monoNs(): MonoNs {
    return (monoOriginNs + performance.now() * 1e6) as MonoNs;
  }

  after(delayMs: number, fn: () => void, options: { readonly unref?: boolean } = {}): CancelTimer {
    assertDelay(delayMs);
    const dueMs = this.#elapsedMs() + delayMs;
    return whenDue(() => (dueMs - this.#elapsedMs()) / this.speed, fn, options.unref ?? false);
  }
}

/** Returns the wall time in ms with fractions, as anchors of a scaled clock need it. */
export function wallNowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Builds the clock that `spec` describes. */
export function createClock(spec: ClockSpec): Clock {
  return spec.type === "scaled" ? new ScaledClock(spec) : new SystemClock();
}

/** Runs `fn` after the I/O of the current turn of the event loop: where work of one turn is batched. */
export function afterTurn(fn: () => void): void {
  setImmediate(fn);
}
