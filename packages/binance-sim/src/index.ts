export { runBinanceSimAlone } from "./alone.ts";
export type { BurstReport } from "./burst-control.ts";
export { forkBinanceSim, type SimChild } from "./child.ts";
export type { SimControl, SimReport } from "./messages.ts";
export { resolveOptions, type BinanceSimOptions, type SimSettings } from "./options.ts";
export { NON_ASCII_LISTING } from "./schedule.ts";
export { startBinanceSim, type BinanceSim, type SimEvent } from "./sim.ts";
export type { SimStats } from "./stats.ts";
