/** What an open trade stands for. */
export interface OpenTrade {
  readonly entryMs: number;
  readonly exitMs: number;
  /** At the entry, USDT. */
  readonly notional: number;
  /** Planned loss at the stop, share of the equity at the decision. */
  readonly riskRatio: number;
  /** Result, USDT. */
  readonly pnl: number;
}

/** The state from `timeMs` on, until the next one. */
export interface ExposureStep {
  readonly timeMs: number;
  readonly openTrades: number;
  /** Notional of the open trades by the wallet of that moment. */
  readonly notionalRatio: number;
  /** Sum of the open trades' planned losses. */
  readonly riskRatio: number;
}

/** Returns a step at each moment at which trades open or close; exits of a moment come before its entries. */
export function exposureSteps(trades: readonly OpenTrade[], wallet: number): readonly ExposureStep[] {
  const moments = trades
    .flatMap((trade) => [
      { timeMs: trade.exitMs, sign: -1, trade },
      { timeMs: trade.entryMs, sign: 1, trade },
    ])
    .toSorted((a, b) => a.timeMs - b.timeMs || a.sign - b.sign);
  const steps: ExposureStep[] = [];
  let [openTrades, notional, riskRatio, walletNow] = [0, 0, 0, wallet];
  for (const { timeMs, sign, trade } of moments) {
    openTrades += sign;
    // With nothing open the sums are 0, not the dust of rounding.
    notional = openTrades === 0 ? 0 : notional + sign * trade.notional;
    riskRatio = openTrades === 0 ? 0 : riskRatio + sign * trade.riskRatio;
    if (sign < 0) walletNow += trade.pnl;
    if (steps.at(-1)?.timeMs === timeMs) steps.pop();
    steps.push({ timeMs, openTrades, notionalRatio: walletNow > 0 ? notional / walletNow : 0, riskRatio });
  }
  return steps;
}
