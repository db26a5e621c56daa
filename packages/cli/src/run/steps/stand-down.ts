import { coveredSteps, type Trade, type TradingCore } from "@smcq/engine";
import { AwakeMeter, type Clock, type Logger } from "@smcq/kernel";
import type { PositionView } from "../../control/protocol.ts";
import { positionViews } from "../control/make-views.ts";
import type { RunEngine } from "../create-engine.ts";

/** What is held without a confirmed stop, or still being entered, is waited for so long, wall ms. */
export const GUARD_MS_MAX = 3_000;
/** Positions that are to be left are waited for so long, wall ms; the supervisor waits longer. */
export const FLATTEN_MS_MAX = 8_000;
const LOOK_MS = 10;

export interface StandDownParts {
  readonly engine: Pick<RunEngine, "core" | "inbox" | "loop">;
  /** Positions are left first. */
  readonly isFlattening: boolean;
  /** Somebody asked for the end by a signal; else the run came to it by itself. */
  readonly isBySignal: boolean;
  /** Aborted: nothing is waited for any more. */
  readonly hurry: AbortSignal;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/**
 * Ends the trading of a run (docs/mission.md B5): nothing new is entered, what is on its way becomes a guarded position or
 * nothing, and with `isFlattening` every position is left. Returns true when something stays open that should not: a
 * position without its stop, or any at all that was to be left. Each that stays is told with its stop.
 */
export async function standDown(parts: StandDownParts): Promise<boolean> {
  const { engine, isFlattening, isBySignal, venueClock, logger } = parts;
  const { core, inbox, loop } = engine;
  const by = isBySignal ? "signal" : undefined;
  loop.stop(by);
  const { trading } = core;
  if (trading === null) return false;
  if (isFlattening) inbox.put({ type: "operator", word: "flatten", ...(by === undefined ? {} : { by }) });
  const isDone = isFlattening ? isFlat : isGuarded;
  await waitFor(
    () => inbox.size === 0 && isDone(trading),
    isFlattening ? FLATTEN_MS_MAX : GUARD_MS_MAX,
    parts,
  );
  const left = positionViews(trading, venueClock.nowMs());
  for (const position of left) tell(position, isFlattening, logger);
  if (isFlattening && trading.orders.openCount > 0)
    logger.error({ orders: trading.orders.openCount }, "orders of ours may rest still");
  return isFlattening ? left.length > 0 : left.some(({ isStopConfirmed }) => !isStopConfirmed);
}

/** Nothing is held or on its way, and nothing of ours rests. */
function isFlat({ holdings, orders }: TradingCore): boolean {
  return holdings.trades.size === 0 && orders.openCount === 0;
}

/** Every position has its stop, and no entry may fill any more. */
function isGuarded({ holdings }: TradingCore): boolean {
  return holdings.openTrades().every(isSettled);
}

function isSettled(trade: Trade): boolean {
  return trade.isEntryEnded && coveredSteps(trade) >= trade.qtySteps;
}

async function waitFor(
  isDone: () => boolean,
  msMax: number,
  { hurry, wallClock }: Pick<StandDownParts, "hurry" | "wallClock">,
): Promise<void> {
  const waited = new AwakeMeter(wallClock);
  while (!isDone() && !hurry.aborted && waited.look() < msMax)
    await new Promise<void>((resolve) => wallClock.after(LOOK_MS, resolve));
}

function tell(position: PositionView, isFlattening: boolean, logger: Logger): void {
  const { symbol, side, qty, stop, isStopConfirmed } = position;
  const fields = { symbol, side, qty, stop, isStopConfirmed };
  if (!isStopConfirmed) logger.error(fields, "position stays open, and no stop for all of it is confirmed");
  else if (isFlattening) logger.error(fields, "position could not be left; its stop stays");
  else logger.info(fields, "position stays open with its stop");
}
