import type { ArchiveFile } from "@smcq/exchange-binance/archive";
import { BAR_FIELDS, MINUTE_MS, type Month, monthEndMs, monthStartMs } from "@smcq/kernel";
import type { ArchiveMirror } from "../../../exchange-binance/test/support/archive-mirror.ts";
import { csvOf, madeBars } from "../../../history/test/support/made-bars.ts";
import { zipOf } from "./zip.ts";

const DAY_MS = 86_400_000;
/** 2025: from here on the archive writes microseconds. */
const MICROSECONDS_FROM_MS = Date.UTC(2025, 0, 1);

/** The first bars of a month, by symbol and month always the same, on two decimals. */
export function monthBars(symbol: string, month: Month, minutesMax = Number.POSITIVE_INFINITY): Float64Array {
  const fromMs = monthStartMs(month);
  const seed = Buffer.from(`${symbol} ${month}`).reduce((sum, byte) => (sum * 31 + byte) % 1_000_003, 7);
  const count = Math.min(minutesMax, (monthEndMs(month) - fromMs) / MINUTE_MS);
  return madeBars({ seed, fromMs, count, places: 2 });
}

/** Bars as the archive packs them: a header or none, ms or us, as it did at their time. */
export function zipOfBars(name: string, bars: Float64Array): Buffer {
  const firstMs = bars[0] ?? 0;
  const header = (firstMs / DAY_MS) % 2 < 1;
  const unit = firstMs >= MICROSECONDS_FROM_MS ? 1_000 : 1;
  return zipOf({ [name.replace(/zip$/u, "csv")]: Buffer.from(csvOf(bars, { header, unit })) });
}

/** Puts bars into a mirror as a file of the archive. */
export function putBars(mirror: ArchiveMirror, file: Omit<ArchiveFile, "kind">, bars: Float64Array): void {
  mirror.put({ kind: "klines", ...file }, zipOfBars(`${file.symbol}-1m-${file.period}.zip`, bars));
}

/** Puts funding rates, every eight hours, a few ms late. */
export function putFunding(mirror: ArchiveMirror, symbol: string, month: Month): void {
  const lines = ["calc_time,funding_interval_hours,last_funding_rate"];
  for (let timeMs = monthStartMs(month); timeMs < monthEndMs(month); timeMs += DAY_MS / 3)
    lines.push(`${timeMs + 4},8,0.000${(timeMs / (DAY_MS / 3)) % 90}1`);
  const name = `${symbol}-fundingRate-${month}`;
  mirror.put(
    { kind: "fundingRate", symbol, period: month },
    zipOf({ [`${name}.csv`]: Buffer.from(lines.join("\n")) }),
  );
}

/** The bars of one day. */
export function dayOf(bars: Float64Array, dayMs: number): Float64Array {
  return bars.filter((_, k) => {
    const openMs = bars[k - (k % BAR_FIELDS)] as number;
    return openMs >= dayMs && openMs < dayMs + DAY_MS;
  });
}
