import type { EpochMs, MonoNs } from "../brand.ts";
import type { CancelTimer, Clock, ClockSpec } from "./clock.ts";

// Node clamps longer timers to 1 ms; a longer wait is cut into pieces.
const TIMER_MS_MAX = 2 ** 31 - 1;

// `performance.now()` starts at zero in each thread; hrtime is one clock for the whole process.
const monoOriginNs = Number(process.hrtime.bigint()) - performance.now() * 1e6;

function wallAfter(delayMs: number, fn: () => void, isUnref: boolean): CancelTimer {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, TIMER_MS_MAX);
    timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : fn()), stepMs);
    if (isUnref) timer.unref();
  };
  arm(Math.max(0, delayMs));
  return () => clearTimeout(timer);
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
    return wallAfter(delayMs, fn, options.unref ?? false);
  }
}

/** Venue time that runs `speed` times as fast as the wall, anchored so that several processes agree. */
export class ScaledClock implements Clock {
  readonly speed: number;
  readonly #anchorVenueMs: number;
  readonly #anchorWallMs: number;

  constructor(spec: Extract<ClockSpec, { type: "scaled" }>) {
    if (!(spec.speed > 0 && spec.speed <= 10_000))
      throw new RangeError(`speed must be in (0, 10000], got ${spec.speed}`);
    this.speed = spec.speed;
    this.#anchorVenueMs = spec.anchorVenueMs;
    this.#anchorWallMs = spec.anchorWallMs;
  }

  nowMs(): EpochMs {
    const wallMs = performance.timeOrigin + performance.now();
    return Math.floor(this.#anchorVenueMs + (wallMs - this.#anchorWallMs) * this.speed) as EpochMs;
  }

  monoNs(): MonoNs {
    return (monoOriginNs + performance.now() * 1e6) as MonoNs;
  }

  after(delayMs: number, fn: () => void, options: { readonly unref?: boolean } = {}): CancelTimer {
    return wallAfter(delayMs / this.speed, fn, options.unref ?? false);
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
