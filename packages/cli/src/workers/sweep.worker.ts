import { workerData } from "node:worker_threads";
import { e8ToNumber } from "@smcq/kernel";
import { TradePass, type TradePassOptions } from "../offline/backtest/trade-pass.ts";
import { type PointResult, pointResult } from "../offline/sweep/point-result.ts";
import type { PointSettings } from "../offline/sweep/point-settings.ts";

/** What every combination of a thread trades on; the bars are shared memory. */
export type SweepWorkerData = Omit<TradePassOptions, keyof PointSettings | "onDay">;

/** A combination's settings without the model: its scores stand in the scan. */
export type SweepTask = Omit<PointSettings, "model">;

const ground = workerData as SweepWorkerData;
const tickSizes = ground.rules.map(({ tickSize }) => tickSize);

/** A thread's only task: the second pass of a backtest. */
export function trade(task: SweepTask): PointResult {
  const result = new TradePass({ ...ground, ...task, onDay() {} }).run();
  return pointResult(result, { plan: task.plan, tickSizes, start: e8ToNumber(ground.walletE8) });
}
