import type { Universe } from "@smcq/exchange";
import { tradingRules } from "@smcq/exchange";
import type { BinanceReferenceData } from "@smcq/exchange-binance";
import { type Instrument, errorMessage } from "@smcq/kernel";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** An entry's window is 2 s; half of it for the way alone is too much. */
const ROUND_TRIP_MS_WARN = 300;
const ROUND_TRIP_MS_MAX = 1_000;
/** A machine whose clock is set right is never so far off. */
const OFFSET_MS_WARN = 500;

/** Reachability, clock and budget of the venue's public half. */
export async function lookAtVenue(
  reference: BinanceReferenceData,
  address: string,
): Promise<readonly Finding[]> {
  await reference.synchroniseClock();
  const { offset } = reference.rest;
  const { weightLimit, weightReported } = reference.rest.budget.state();
  const left = weightLimit - weightReported;
  return [
    ok("venue", address),
    clockFinding(offset.offsetMs(), offset.roundTripMs()),
    left > weightLimit / 2
      ? ok("REST budget", `${left} of ${weightLimit} weight left this minute`)
      : warn(
          "REST budget",
          `${left} of ${weightLimit} weight left this minute`,
          "something else asks from this address",
        ),
  ];
}

export function clockFinding(offsetMs: number, roundTripMs: number): Finding {
  const text = `offset ${offsetMs} ms, round trip ${Math.round(roundTripMs)} ms`;
  if (roundTripMs > ROUND_TRIP_MS_MAX)
    return fail("clock", text, "run nearer to the venue: entries come too late");
  if (roundTripMs > ROUND_TRIP_MS_WARN) return warn("clock", text, "run nearer to the venue");
  if (Math.abs(offsetMs) > OFFSET_MS_WARN)
    return warn("clock", text, "set the machine's clock (NTP); the engine corrects it meanwhile");
  return ok("clock", text);
}

/** Can the rules of everything that is watched be read? */
export function filtersFinding(universe: Universe, watched: readonly Instrument[]): Finding {
  const unread = watched.flatMap((instrument) => {
    try {
      rulesOf(instrument);
      return [];
    } catch (error) {
      return [`${instrument.symbol} (${errorMessage(error)})`];
    }
  });
  const text = `${watched.length} symbols watched of ${universe.totalCount} listed`;
  if (unread.length === 0) return ok("filters", `${text}, all rules read`);
  const [first = ""] = unread;
  return fail(
    "filters",
    `${text}; ${unread.length} have rules that cannot be read: ${first}`,
    "leave them out",
  );
}

export function rulesOf(instrument: Instrument): ReturnType<typeof tradingRules> {
  const { symbol, tickSize, marketStepSize, marketMinQty, marketMaxQty, minNotional } = instrument;
  return tradingRules({
    symbol,
    tickSize,
    stepSize: marketStepSize,
    minQty: marketMinQty,
    marketMaxQty,
    minNotional,
  });
}
