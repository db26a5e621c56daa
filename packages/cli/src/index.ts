// For measuring: what a backtest is made of. Nothing else imports this package.
export { type InstrumentsText, readInstruments } from "./offline/backtest/read-instruments.ts";
export { type CandidateColumns, type ScannedSeries, scanSeries } from "./offline/backtest/scan-series.ts";
export { TradePass, type TradePassOptions, type TradePassResult } from "./offline/backtest/trade-pass.ts";
