import { type OrderRole } from "@smcq/exchange";
import { e8Text, parseE8, present, type SymbolId, symbolId } from "@smcq/kernel";
import type { Stage } from "./stage.ts";

/** Returns what is the case instead, or null where the words hold. */
type Check = (stage: Stage, words: RegExpMatchArray) => string | null;

/**
 * What a scenario may expect, in plain words. Sn is the symbol of number n; money and quantities as the venue tells them.
 *
 *   Sn is guarded | flat | bare       Sn holds -12.5        Sn stops: 99.38 x 37, web 99 x all     Sn targets: 100.94 x 37
 *   state REDUCING: protection        went through: REDUCING: protection      orders: 1 entry, 2 stop
 *   closed: stop, target              failed: UNFILLED      decided: APPROVED, STATE_NOT_ACTIVE
 *   Sn bare at most 1600 ms           Sn bare at least 100 ms                Sn at most 1 stop at once | 9 stops sent
 *   wallet 9990 at most | at least    Sn entry price 100.02 | exit price 99 | pnl -20.5 | funding -0.3 | r -1.2
 */
const CHECKS: readonly (readonly [RegExp, Check])[] = [
  [
    /^S(\d) is (guarded|flat|bare)$/,
    (stage, [, number, word]) => {
      const id = idOf(number);
      const isHeld = stage.heldE8(id) !== 0n;
      const isBare = stage.uncoveredE8(id) > 0n;
      const is = !isHeld ? "flat" : isBare ? "bare" : "guarded";
      return same(word, is);
    },
  ],
  [/^S(\d) holds (-?[\d.]+)$/, (stage, [, number, qty]) => sameE8(qty, stage.heldE8(idOf(number)))],
  [/^S(\d) stops: (.*)$/, (stage, [, number, list]) => same(list, stopsOf(stage, idOf(number)))],
  [/^S(\d) targets: (.*)$/, (stage, [, number, list]) => same(list, targetsOf(stage, idOf(number)))],
  [/^state (.*)$/, (stage, [, state]) => same(state, stateOf(stage))],
  [
    /^went through: (.*)$/,
    ({ states }, [, state = ""]) => (states.includes(state) ? null : states.join(" | ")),
  ],
  [
    /^never went through: (.*)$/,
    ({ states }, [, state = ""]) => (states.includes(state) ? states.join(" | ") : null),
  ],
  [/^orders: (.*)$/, (stage, [, list]) => same(list, countsOf(stage))],
  [/^closed: (.*)$/, ({ trades }, [, list]) => same(list, listOf(trades.map(({ reason }) => reason)))],
  [/^failed: (.*)$/, ({ failures }, [, list]) => same(list, listOf(failures))],
  [/^decided: (.*)$/, ({ decisions }, [, list]) => same(list, listOf(decisions))],
  [
    /^S(\d) bare at (most|least) (\d+) ms$/,
    ({ bareMs }, [, number, bound, ms]) => {
      const is = bareMs.get(idOf(number)) ?? 0;
      return (bound === "most" ? is <= Number(ms) : is >= Number(ms)) ? null : `${is} ms`;
    },
  ],
  [
    /^S(\d) at most (\d) stops? at once$/,
    ({ stopsMax }, [, number, most]) => {
      const is = stopsMax.get(idOf(number)) ?? 0;
      return is <= Number(most) ? null : String(is);
    },
  ],
  [
    /^S(\d) at most (\d+) stops sent$/,
    ({ sent }, [, number, most]) => {
      const is = sent.filter(({ role, symbolId: id }) => role === "stop" && id === idOf(number)).length;
      return is <= Number(most) ? null : String(is);
    },
  ],
  [
    /^wallet (-?[\d.]+) at (most|least)$/,
    ({ core }, [, wallet = "", bound]) => {
      const { walletE8 } = core.holdings.portfolio;
      const isRight = bound === "most" ? walletE8 <= parseE8(wallet) : walletE8 >= parseE8(wallet);
      return isRight ? null : e8Text(walletE8);
    },
  ],
  [
    /^S(\d) (entry price|exit price|qty|pnl|funding|r) (-?[\d.]+)$/,
    ({ trades }, [, number, what, value]) => {
      const trade = trades.findLast((one) => one.symbolId === idOf(number));
      if (trade === undefined) return "no trade";
      const told: Readonly<Record<string, string>> = {
        "entry price": String(trade.entryPrice),
        "exit price": String(Number(trade.exitPrice.toFixed(6))),
        qty: String(trade.qtySteps),
        pnl: e8Text(trade.pnlE8),
        funding: e8Text(trade.fundingE8),
        r: trade.r.toFixed(4),
      };
      return same(String(Number(value)), String(Number(told[what ?? ""])));
    },
  ],
];

/** What of these words does not hold, with what is the case instead. */
export function unmet(words: readonly string[], stage: Stage): readonly string[] {
  return words.flatMap((text) => {
    for (const [pattern, check] of CHECKS) {
      const found = pattern.exec(text);
      if (found === null) continue;
      const is = check(stage, found);
      return is === null ? [] : [`at ${stage.nowS} s: ${text}, but: ${is}`];
    }
    throw new Error(`"${text}" is nothing that can be expected`);
  });
}

/** State and reasons in one line. */
export function stateOf({ core }: Stage): string {
  const { state, reasons } = core.holdings;
  return reasons.length === 0 ? state : `${state}: ${reasons.join()}`;
}

function idOf(number: string | undefined): SymbolId {
  return symbolId(Number(present(number, "Invariant: the pattern has a number")));
}

function same(wanted: string | undefined, is: string): string | null {
  return wanted === is ? null : is;
}

function sameE8(wanted: string | undefined, is: bigint): string | null {
  return parseE8(wanted ?? "") === is ? null : e8Text(is);
}

function listOf(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.join(", ");
}

function plain(e8: bigint): string {
  return e8Text(e8).replace(/\.?0+$/, "");
}

function stopsOf({ exchange }: Stage, id: SymbolId): string {
  const stops = exchange.openAlgos().filter((algo) => algo.symbolId === id);
  return listOf(
    stops.map(({ clientAlgoId, triggerPriceE8, qtyE8, isClosePosition }) => {
      const whose = clientAlgoId.startsWith("scen") ? "" : "web ";
      return `${whose}${plain(triggerPriceE8)} x ${isClosePosition ? "all" : plain(qtyE8)}`;
    }),
  );
}

function targetsOf({ exchange }: Stage, id: SymbolId): string {
  const targets = exchange.openOrders().filter((order) => order.symbolId === id && order.isReduceOnly);
  return listOf(
    targets.map(({ priceE8, qtyE8, executedE8 }) => `${plain(priceE8)} x ${plain(qtyE8 - executedE8)}`),
  );
}

function countsOf(stage: Stage): string {
  const counts = stage.counts();
  const roles: readonly OrderRole[] = ["entry", "stop", "target", "exit"];
  return listOf(roles.flatMap((role) => (counts.has(role) ? [`${counts.get(role)} ${role}`] : [])));
}
