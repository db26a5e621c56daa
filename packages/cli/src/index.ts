// For measuring: what a backtest is made of. Nothing else imports this package.
export {
  type InstrumentsText,
  readInstruments,
  readVenueRules,
} from "./offline/backtest/read-instruments.ts";
export { type CandidateColumns, type ScannedSeries, scanSeries } from "./offline/backtest/scan-series.ts";
export {
  type Fidelity,
  TradePass,
  type TradePassOptions,
  type TradePassResult,
} from "./offline/backtest/trade-pass.ts";
