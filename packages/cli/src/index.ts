// For measuring: what a backtest and a run's trading are made of. Nothing else imports this package.
export {
  type InstrumentsText,
  readInstruments,
  readVenueRules,
} from "./offline/backtest/read-instruments.ts";
export { type CandidateColumns, type ScannedSeries, scanSeries } from "./offline/backtest/scan-series.ts";
export { DecisionLog } from "./offline/backtest/decision-log.ts";
export {
  type Fidelity,
  TradePass,
  type TradePassOptions,
  type TradePassResult,
} from "./offline/backtest/trade-pass.ts";
export { SymbolBook } from "./accounts/symbol-book.ts";
export { openVenueAccount } from "./accounts/venue-account.ts";
export { newSimulatedKey } from "./modes/engine-payload.ts";
export { ENGINE_FLAGS, engineEnvironment, MEMORY_SAVER_FLAG } from "./process/engine-memory.ts";
export { Desk } from "./run/trading/desk.ts";
export { replayCore, type ReplayedCore } from "./replay/replay-run.ts";
