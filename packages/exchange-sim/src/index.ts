export { bundledBars, bundledSymbols } from "./bundle/bars.ts";
export { decodeSeries, encodeSeries, type SeriesColumns } from "./bundle/format.ts";
export { loadBundle, loadUniverseText, type BundledSeries, type MarketBundle } from "./bundle/load.ts";
export * from "./faults/catalogue.ts";
export type { KnobDefinition, KnobParameter } from "./faults/knob-forms.ts";
export * from "./faults/knob-ids.ts";
export * from "./faults/parse.ts";
export { MarketFaults } from "./faults/plan.ts";
export { hash4, unit4 } from "./hash.ts";
export { createGrid, type Grid } from "./market/grid.ts";
export { MarketData, type FlatRule, type MarketOptions, type MarketSymbol } from "./market/market-data.ts";
export { BASIS_RATIO_MAX, markE8At } from "./market/mark.ts";
export { createCell, type KlineCell, type PathTurns, turnsOf } from "./market/path.ts";
export type { Derivation } from "./market/series-view.ts";
export {
  cloneSymbol,
  createUniverse,
  filterOf,
  passesUniverseFilter,
  SYMBOLS_MAX,
  type VenueFilter,
  type VenueSymbol,
  type VenueUniverse,
} from "./market/universe.ts";
export { ReplayFeed, type ReplayFeedOptions } from "./replay-feed.ts";
export type { CallKind, GatewayFaults } from "./gateway/faults.ts";
export { Mischief, type MischiefSettings, NO_MISCHIEF } from "./gateway/mischief.ts";
export { FaultScript, parseScriptedFault, type ScriptedFault } from "./gateway/script.ts";
export { LATENCY_DEFAULT, SimGateway, type Latency, type SimGatewayOptions } from "./gateway/sim-gateway.ts";
export { BarExchange, type BarE8, type BarExchangeOptions } from "./trading/bar-exchange.ts";
export { marketTicks } from "./trading/fill-price.ts";
export { Brackets, bundledBrackets, type Bracket } from "./venue/brackets.ts";
export { type Reply, VENUE_ERRORS, type VenueError } from "./venue/codes.ts";
export type * from "./venue/orders.ts";
export type { VenueJournal, VenueRow } from "./venue/keeping/rows.ts";
export type { VenueKeeping } from "./venue/keeping/venue-keeping.ts";
export { SimExchange } from "./venue/sim-exchange.ts";
export { SIM_EXCHANGE_DEFAULTS, type FeeAsset, type SimExchangeOptions } from "./venue/venue-floor.ts";
export {
  venueRules,
  venueRulesAround,
  withPrices,
  type LotRules,
  type VenueRules,
} from "./venue/venue-rules.ts";
