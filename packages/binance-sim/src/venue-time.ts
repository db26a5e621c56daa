import {
  createClock,
  ManualClock,
  MINUTE_MS,
  minuteOf,
  SystemClock,
  wallNowMs,
  type Clock,
  type ClockSpec,
} from "@smcq/kernel";
import type { ClockAnchor, SimSettings } from "./options.ts";

/** The venue's clock, and the machine's for what stays on wall time. */
export interface VenueTime {
  readonly clock: Clock;
  readonly wall: Clock;
  /** How another process builds the venue's clock. */
  readonly spec: ClockSpec;
  /** Venue ms in a wall ms (1 with a manual clock). */
  readonly speed: number;
  /** The venue's time at the start, ms. */
  readonly startMs: number;
  /** Moves a manual clock on; null when time runs by itself. */
  readonly advanceTo: ((toMs: number) => void) | null;
}

// A clock for others that all but stands still: a bench moves the market, no timer of a client runs.
const STANDSTILL_SPEED = 1e-6;

/** Starts the venue's time at the open of the first minute (manual: when its forerunner has just been closed). */
export function startVenueTime(marketStartMs: number, settings: SimSettings): VenueTime {
  const openMs = marketStartMs + settings.startMinute * MINUTE_MS;
  const wall = new SystemClock();
  const isManual = settings.clock === "manual";
  if (settings.resume !== undefined && !isManual)
    return resumeVenueTime(settings.resume, settings.speed, wall);
  const startMs = isManual ? openMs + settings.finalDelayMs : openMs;
  const speed = isManual ? STANDSTILL_SPEED : settings.speed;
  const spec: ClockSpec = { type: "scaled", speed, anchorVenueMs: startMs, anchorWallMs: wallNowMs() };
  if (!isManual) return { clock: createClock(spec), wall, spec, speed, startMs, advanceTo: null };
  const clock = new ManualClock(startMs);
  return { clock, wall, spec, speed: 1, startMs, advanceTo: (toMs) => clock.advanceTo(toMs) };
}

/** Takes up the clock of a venue that ended: the same time, as if it had been away. */
function resumeVenueTime(anchor: ClockAnchor, speed: number, wall: Clock): VenueTime {
  const spec: ClockSpec = { type: "scaled", speed, ...anchor };
  const clock = createClock(spec);
  const startMs = minuteOf(clock.nowMs());
  return { clock, wall, spec, speed, startMs, advanceTo: null };
}
