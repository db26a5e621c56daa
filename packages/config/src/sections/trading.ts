import { z } from "zod";
import type {
  FeesConfig,
  ProtocolConfig,
  RiskConfig,
  SimTradingConfig,
  StrategyConfig,
} from "../engine-config.ts";
import { DAY_MS, integer, number, text } from "../fields.ts";

export const risk: z.ZodType<RiskConfig> = z
  .strictObject({
    highTierRatio: number(0, 0.02).default(0.02).describe("equity at risk at the stop, scores above 0.85"),
    middleTierRatio: number(0, 0.02).default(0.01).describe("equity at risk at the stop, scores above 0.70"),
    lowTierRatio: number(0, 0.02).default(0.005).describe("equity at risk at the stop, lower scores"),
    unprovenRiskRatioMax: number(0, 0.02)
      .default(0.0025)
      .describe("most equity at risk while nothing is proven about the scorer"),
    kellyRatio: number(0, 0.5)
      .default(0.25)
      .describe("share of Kelly's fraction that a proven model may take"),
    costRatioMax: number(0, 0.5)
      .default(0.37)
      .describe("costs of entry and exit at the stop, share of the stop distance"),
    rewardRatioMin: number(0.5, 10).default(0.8).describe("least net reward for a unit of loss at the stop"),
    slippageRatio: number(0, 0.01)
      .default(0.0002)
      .describe("slippage a side reckoned with, share of the price"),
    leverage: integer(1, 25).default(10).describe("leverage that positions are opened with at most"),
    marginType: z
      .enum(["cross", "isolated"])
      .default("cross")
      .describe("margin type of every symbol; one that has the other is set to it before its first entry"),
    maintMarginRatioDefault: number(0, 0.2)
      .default(0.01)
      .describe("maintenance margin where the instrument does not say, share of the notional"),
    liquidationStopsMin: number(1, 20)
      .default(3)
      .describe("stop distances between entry and liquidation at least; leverage is lowered for it"),
    marginRatioMax: number(0, 0.25).default(0.1).describe("initial margin of one position"),
    notionalRatioMax: number(0, 5).default(2).describe("notional of one position"),
    heatRatioMax: number(0, 0.06).default(0.03).describe("what all stops together may lose"),
    directionHeatRatioMax: number(0, 0.05).default(0.02).describe("what all stops of one side may lose"),
    grossRatioMax: number(0, 10).default(3).describe("notional of all positions"),
    marginsRatioMax: number(0, 0.8).default(0.5).describe("initial margin of all positions"),
    liquidityRatioMax: number(0, 0.1)
      .default(0.01)
      .describe("notional of one position, share of the median minute's turnover"),
    directionCorrelation: number(0, 1)
      .default(0.3)
      .describe("how much positions of one side are taken to move together"),
    dayLossHalfRatio: number(0, 0.1)
      .default(0.02)
      .describe("loss of the UTC day from which sizes are halved"),
    dayLossStopRatio: number(0, 0.1)
      .default(0.03)
      .describe("loss of the UTC day from which nothing is entered"),
    dayLossFlattenRatio: number(0, 0.15)
      .default(0.05)
      .describe("loss of the UTC day that flattens everything"),
    drawdownFreeRatio: number(0, 0.1).default(0.025).describe("drawdown up to which sizes stay whole"),
    drawdownHalfRatio: number(0, 0.2).default(0.05).describe("drawdown at which sizes are halved"),
    drawdownFactorMin: number(0, 1).default(0.2).describe("a size factor below this halts; a person resumes"),
    symbolLockMs: integer(0, DAY_MS)
      .default(7_200_000)
      .describe("two exits by stop of a symbol this close lock it this long (venue time)"),
    streakStops: integer(1, 100).default(4).describe("exits by stop that make a streak"),
    streakMs: integer(0, DAY_MS)
      .default(1_800_000)
      .describe("a streak this short pauses entries this long (venue time)"),
    entriesPerMinuteMax: integer(1, 100).default(6).describe("entries in any 60 s (venue time)"),
    allowUnproven: z
      .boolean()
      .default(false)
      .describe("modes demo and live: trade also while nothing is proven about the scorer"),
  })
  .prefault({});

export const protocol: z.ZodType<ProtocolConfig> = z
  .strictObject({
    protectMs: integer(100, 10_000)
      .default(1_500)
      .describe("a position without a confirmed stop for this long is left (venue time)"),
    exitsMax: integer(1, 10)
      .default(3)
      .describe(
        "market orders that a trade is left with inside exitWindowMs; then the next minute tries again",
      ),
    exitWindowMs: integer(1_000, 30_000).default(10_000).describe("window of exitsMax (venue time)"),
    targetEndMs: integer(50, 5_000)
      .default(500)
      .describe("an exit waits this long for its target's end (venue time)"),
    stopsLostMax: integer(1, 10)
      .default(3)
      .describe("stops that end by themselves inside stopsLostWindowMs; with this many the position is left"),
    stopsLostWindowMs: integer(1_000, DAY_MS)
      .default(600_000)
      .describe("window of stopsLostMax (venue time)"),
    reconcileMs: integer(10_000, 3_600_000)
      .default(900_000)
      .describe(
        "positions, resting orders and wallet are held against the venue's so often while nothing is in doubt, every 30 s while something is (venue time)",
      ),
  })
  .prefault({});

export const strategy: z.ZodType<StrategyConfig> = z
  .strictObject({
    plan: text(4_096)
      .default("m1-scalp")
      .describe("trade plan: a name of plans/, or a .json file; a model must be trained for it"),
    tickRatioMax: number(0.000_001, 0.05)
      .default(0.0003)
      .describe(
        "live: a symbol whose tick is a larger share of its price is not entered; a plan may ask for less",
      ),
    entry: z
      .strictObject({
        kind: z
          .enum(["plan", "market", "limit"])
          .default("plan")
          .describe(
            "plan: as the plan says; market: at once; limit: rests in the book, and a model must be trained for it",
          ),
        offsetAtr: number(0, 5)
          .default(0.1)
          .describe("kind limit: distance of the order from the own side's best quote, ATR"),
        expiryBars: integer(1, 60)
          .default(5)
          .describe("kind limit: closed bars after which what has not filled is cancelled"),
      })
      .prefault({}),
  })
  .prefault({});

export const fees: z.ZodType<FeesConfig> = z
  .strictObject({
    takerRatio: number(0, 0.01)
      .default(0.0005)
      .describe(
        "fee of an order that takes, share of its notional; where the venue does not tell (backtest)",
      ),
    makerRatio: number(0, 0.01)
      .default(0.0002)
      .describe(
        "fee of an order that rests, share of its notional; where the venue does not tell (backtest)",
      ),
  })
  .prefault({});

export const simTrading: z.ZodType<SimTradingConfig> = z
  .strictObject({
    isOn: z.boolean().default(true).describe("modes sim and paper trade on a simulated account"),
    orders: z
      .enum(["binance-sim", "sim-gateway"])
      .default("binance-sim")
      .describe(
        "mode sim: binance-sim trades over the simulated venue's sockets, sim-gateway in a venue in memory (as paper always does)",
      ),
    equity: number(10, 100_000_000).default(10_000).describe("USDT that a simulated account begins with"),
    freshAccount: z
      .boolean()
      .default(false)
      .describe("mode sim: begin a new account; the one in dataDir is put aside"),
  })
  .prefault({});
