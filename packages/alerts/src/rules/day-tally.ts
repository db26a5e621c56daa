import type { TradeRecord } from "@smcq/engine";
import { dateText, e8Text } from "@smcq/kernel";
import type { Alert } from "../kinds.ts";
import type { DayTally } from "./rules-state.ts";

const DAY_MS = 86_400_000;

/** The UTC day that a minute belongs to which closed at `closeMs`. */
function dayOfMinute(closeMs: number): number {
  return Math.floor((closeMs - 1) / DAY_MS) * DAY_MS;
}

/** Adds a closed trade; null: the day has not begun, and its trades are not counted. */
export function withTrade(day: DayTally | null, { pnlE8, feesE8 }: TradeRecord): DayTally | null {
  if (day === null) return null;
  return {
    ...day,
    trades: day.trades + 1,
    wins: day.wins + (pnlE8 > 0n ? 1 : 0),
    pnlE8: String(BigInt(day.pnlE8) + pnlE8),
    feesE8: String(BigInt(day.feesE8) + feesE8),
  };
}

/** Takes the equity of a closed minute; the first one of a new day brings the summary of the day before. */
export function withMinute(
  day: DayTally | null,
  { closeMs, equityE8 }: { readonly closeMs: number; readonly equityE8: bigint },
): { readonly day: DayTally; readonly ended: DayTally | null } {
  const dayMs = dayOfMinute(closeMs);
  const equity = String(equityE8);
  if (day?.dayMs === dayMs) return { day: { ...day, equityE8: equity }, ended: null };
  const begun: DayTally = {
    dayMs,
    trades: 0,
    wins: 0,
    pnlE8: "0",
    feesE8: "0",
    startEquityE8: day?.equityE8 ?? equity,
    equityE8: equity,
  };
  return { day: begun, ended: day };
}

/** The day in a few lines, by the venue's time. */
export function summaryOf(day: DayTally): Alert {
  const { dayMs, trades, wins, pnlE8, feesE8, startEquityE8, equityE8 } = day;
  const change = BigInt(equityE8) - BigInt(startEquityE8);
  const text = [
    `${dateText(dayMs).slice(0, 10)} (UTC): equity ${usdt(equityE8)} USDT, ${change >= 0n ? "+" : ""}${usdt(String(change))}`,
    `${trades} trades closed, ${wins} with a gain, net ${usdt(pnlE8)} USDT, fees ${usdt(feesE8)}`,
  ].join("\n");
  return { kind: "daily-summary", key: `daily-summary:${dayMs}`, atMs: dayMs + DAY_MS, text };
}

function usdt(valueE8: string): string {
  return cents(BigInt(valueE8));
}

/** USDT with two places, towards zero: words for a person, no account. */
export function cents(valueE8: bigint): string {
  return e8Text((valueE8 / 1_000_000n) * 1_000_000n, 2);
}
