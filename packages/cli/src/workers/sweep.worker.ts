import { workerData } from "node:worker_threads";
import { e8ToNumber } from "@smcq/kernel";
import { DecisionCounts } from "../offline/backtest/decision-log.ts";
import { TradePass, type TradePassOptions } from "../offline/backtest/trade-pass.ts";
import { type PointResult, pointResult } from "../offline/sweep/point-result.ts";
import type { TradedSettings } from "../offline/backtest/trial.ts";
import { receivedFidelity, type SentFidelity } from "../offline/sweep/sent-fidelity.ts";

/** What every combination of a thread trades on; the bars are shared memory. */
export interface SweepWorkerData extends Omit<TradePassOptions, keyof TradedSettings | "onDay" | "fidelity"> {
  readonly fidelity: SentFidelity;
}

/** A combination's settings without the model: its scores stand in the scan. */
export type SweepTask = Omit<TradedSettings, "model">;

const data = workerData as SweepWorkerData;
const ground = { ...data, fidelity: receivedFidelity(data.fidelity) };
const tickSizes = ground.rules.map(({ tickSize }) => tickSize);

/** A thread's only task: the second pass of a backtest. */
export function trade(task: SweepTask): PointResult {
  const result = new TradePass({ ...ground, ...task, onDay() {} }, new DecisionCounts()).run();
  return pointResult(result, { plan: task.plan, tickSizes, start: e8ToNumber(ground.walletE8) });
}
