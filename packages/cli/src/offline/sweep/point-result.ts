import { e8Text } from "@smcq/kernel";
import type { TradePlanParameters } from "@smcq/features";
import type { DailyResults } from "@smcq/research";
import { drawdownOf } from "../backtest/backtest-report.ts";
import type { DecisionCounts } from "../backtest/decision-log.ts";
import type { TradePassResult } from "../backtest/trade-pass.ts";
import { judgedDays } from "../report/judged-days.ts";
import { groupOf, type TradeGroup } from "../report/trade-groups.ts";

/** What a combination came to. */
export interface PointResult {
  readonly total: TradeGroup;
  readonly wallet: string;
  /** Deepest fall of the equity below its highest point, share of that point. */
  readonly drawdownRatioMax: number;
  readonly isHalted: boolean;
  /** Signals above the threshold by what became of them. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** R by the UTC day of the signal, with slippage twice: what is judged. */
  readonly daily: DailyResults;
}

/** Sums up a combination's trades; `tickSizes` by symbol number, `start` is the equity that it began with, USDT. */
export function pointResult(
  result: TradePassResult<DecisionCounts>,
  { plan, tickSizes, start }: Grounds,
): PointResult {
  return {
    total: groupOf(result.trades),
    wallet: e8Text(result.walletE8),
    drawdownRatioMax: drawdownOf(result, start),
    isHalted: result.isHalted,
    outcomes: result.decisions.outcomes,
    daily: judgedDays(result.trades, plan, tickSizes),
  };
}

interface Grounds {
  readonly plan: TradePlanParameters;
  readonly tickSizes: readonly number[];
  readonly start: number;
}
