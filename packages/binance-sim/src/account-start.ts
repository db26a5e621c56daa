import { loadBundle } from "@smcq/exchange-sim";
import { MINUTE_MS, wallNowMs } from "@smcq/kernel";
import type { SimSettings } from "./options.ts";
import { timeText } from "./time-text.ts";
import { readAccount, retireAccount } from "./trading/keeping/account-file.ts";
import type { Keeping } from "./trading/keeping/account-keeper.ts";
import type { KeptTime } from "./venue-time.ts";

/** How a venue that keeps its account begins. */
export interface AccountStart {
  /** Whether it is a new one, and why, in words. */
  readonly text: string;
  /** Where the time goes on; null: it is a new account. */
  readonly time: KeptTime | null;
  keepingFrom(marketStartMs: number): Keeping;
}

/**
 * Takes up the account of a folder, or puts it aside and begins a new one: asked to, on another market, or where its data
 * have ended. Throws SmcqError `SIM_ACCOUNT` for a file that cannot be read.
 */
export function startAccount(folder: string, settings: SimSettings): AccountStart {
  const market = marketOf(settings);
  const begin = (why: string): AccountStart => {
    const old = retireAccount(folder);
    const text = `a new account begins${why}${old === null ? "" : `; the old one is ${folder}/${old}`}`;
    const keepingFrom = (marketStartMs: number): Keeping => ({
      folder,
      head: { market, marketStartMs },
      kept: null,
    });
    return { text, time: null, keepingFrom };
  };
  if (settings.trading?.isFresh === true) return begin(", as asked");
  const kept = readAccount(folder);
  if (kept === null) return begin("");
  if (kept.head.market !== market)
    return begin(`: the one of ${folder} belongs to another market (${kept.head.market})`);
  const { marketStartMs } = kept.head;
  const { clockMs } = kept.stamp;
  const isWall = settings.epoch === "wall";
  const nowMs = isWall ? wallNowMs() : clockMs;
  // A venue that is started again after a crash ends with its data, as the one before it would have.
  if (!settings.loop && settings.resume === undefined && nowMs >= marketStartMs + dataMs())
    return begin(": the data of the one before have ended");
  return {
    text: `the account goes on, kept at venue time ${timeText(clockMs)}`,
    time: { marketStartMs, clockMs },
    keepingFrom: () => ({ folder, head: { market, marketStartMs }, kept }),
  };
}

/** Everything that prices follow from, but for the time and the speed. */
function marketOf({ seed, symbols, startMinute, epoch, trading }: SimSettings): string {
  const { startMs, minuteCount } = loadBundle();
  const data = `${startMs}+${minuteCount}`;
  return JSON.stringify({ seed, symbols, startMinute, epoch, prices: trading?.prices, data });
}

function dataMs(): number {
  return loadBundle().minuteCount * MINUTE_MS;
}
