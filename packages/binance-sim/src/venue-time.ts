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
  /** Open time of the market's minute 0, ms. */
  readonly marketStartMs: number;
  /** Moves a manual clock on; null when time runs by itself. */
  readonly advanceTo: ((toMs: number) => void) | null;
}

// A clock for others that all but stands still: a bench moves the market, no timer of a client runs.
const STANDSTILL_SPEED = 1e-6;

/** Where a venue left off that kept its account. */
export interface KeptTime {
  readonly marketStartMs: number;
  readonly clockMs: number;
}

/**
 * Starts the venue's time where a venue left off (with the wall's epoch the time goes on without it), else at the open of the first minute (manual: when its forerunner has just been closed). With the
 * wall's epoch it starts now, and the bars lie so that the present minute is the first.
 */
export function startVenueTime(
  recordedMs: number,
  settings: SimSettings,
  kept: KeptTime | null = null,
): VenueTime {
  const nowMs = Math.floor(wallNowMs());
  const isWall = settings.epoch === "wall";
  const todayMs = minuteOf(nowMs) - settings.startMinute * MINUTE_MS;
  const marketStartMs = kept?.marketStartMs ?? (isWall ? todayMs : recordedMs);
  const openMs = marketStartMs + settings.startMinute * MINUTE_MS;
  const wall = new SystemClock();
  const isManual = settings.clock === "manual";
  const left = kept === null ? undefined : { anchorVenueMs: kept.clockMs, anchorWallMs: nowMs };
  const anchor = isWall ? { anchorVenueMs: nowMs, anchorWallMs: nowMs } : (settings.resume ?? left);
  if (anchor !== undefined && !isManual) return resumeVenueTime(anchor, { settings, wall, marketStartMs });
  const startMs = kept?.clockMs ?? (isManual ? openMs + settings.finalDelayMs : openMs);
  const speed = isManual ? STANDSTILL_SPEED : settings.speed;
  const spec: ClockSpec = { type: "scaled", speed, anchorVenueMs: startMs, anchorWallMs: wallNowMs() };
  if (!isManual)
    return { clock: createClock(spec), wall, spec, speed, startMs, marketStartMs, advanceTo: null };
  const clock = new ManualClock(startMs);
  const advanceTo = (toMs: number): void => clock.advanceTo(toMs);
  return { clock, wall, spec, speed: 1, startMs, marketStartMs, advanceTo };
}

/** Takes up the clock of a venue that ended: the same time, as if it had been away. */
function resumeVenueTime(
  anchor: ClockAnchor,
  given: { readonly settings: SimSettings; readonly wall: Clock; readonly marketStartMs: number },
): VenueTime {
  const { wall, marketStartMs } = given;
  const { speed } = given.settings;
  const spec: ClockSpec = { type: "scaled", speed, ...anchor };
  const clock = createClock(spec);
  const startMs = minuteOf(clock.nowMs());
  return { clock, wall, spec, speed, startMs, marketStartMs, advanceTo: null };
}
