import { loadBundle } from "@smcq/exchange-sim";
import { MINUTE_MS, wallNowMs } from "@smcq/kernel";
import { type BinanceSimOptions, resolveOptions, type SimSettings } from "./options.ts";
import { timeText } from "./time-text.ts";
import { type KeptAccount, readAccount, retireAccount } from "./trading/keeping/account-file.ts";
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
  const found = findAccount(folder, settings);
  const market = marketOf(settings);
  if (typeof found === "string") {
    const old = retireAccount(folder);
    const text = `a new account begins${found}${old === null ? "" : `; the old one is ${folder}/${old}`}`;
    const keepingFrom = (marketStartMs: number): Keeping => ({
      folder,
      head: { market, marketStartMs },
      kept: null,
    });
    return { text, time: null, keepingFrom };
  }
  const { marketStartMs } = found.head;
  const { clockMs } = found.stamp;
  return {
    text: `the account goes on, kept at venue time ${timeText(clockMs)}`,
    time: { marketStartMs, clockMs },
    keepingFrom: () => ({ folder, head: { market, marketStartMs }, kept: found }),
  };
}

/** Whether a venue with these options would go on with the account of its folder; it begins a new one else. */
export function goesOnWithAccount(options: BinanceSimOptions): boolean {
  const settings = resolveOptions(options);
  const folder = settings.trading?.folder ?? null;
  return folder !== null && typeof findAccount(folder, settings) !== "string";
}

/** The account that goes on; a text: why none does, in words. */
function findAccount(folder: string, settings: SimSettings): KeptAccount | string {
  if (settings.trading?.isFresh === true) return ", as asked";
  const kept = readAccount(folder);
  if (kept === null) return "";
  const { market, marketStartMs } = kept.head;
  if (market !== marketOf(settings)) return `: the one of ${folder} belongs to another market (${market})`;
  const nowMs = settings.epoch === "wall" ? wallNowMs() : kept.stamp.clockMs;
  // A venue that is started again after a crash ends with its data, as the one before it would have.
  if (!settings.loop && settings.resume === undefined && nowMs >= marketStartMs + dataMs())
    return ": the data of the one before have ended";
  return kept;
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
