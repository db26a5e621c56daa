import type { FeatureColumn } from "../feature-column.ts";

/** What the down side makes of a column: keeps it, negates it, takes it from one, or takes its partner's value. */
type SideView = "same" | "mirrored" | "complement" | "partner";

interface Kind {
  readonly min: number;
  readonly max: number;
  readonly neutral: number;
  readonly view: SideView;
}

const SIGNED: Kind = { min: -1, max: 1, neutral: 0, view: "mirrored" };
const SHARE: Kind = { min: 0, max: 1, neutral: 0, view: "same" };
/** x / (1 + x) of a ratio x: half where both are alike. */
const RATIO: Kind = { min: 0, max: 1, neutral: 0.5, view: "same" };
const UPSIDE: Kind = { min: 0, max: 1, neutral: 0.5, view: "complement" };
const WICK: Kind = { min: 0, max: 1, neutral: 0, view: "partner" };
const DISTANCE: Kind = { min: 0, max: 1, neutral: 1, view: "partner" };
const SIGNED_DISTANCE: Kind = { min: -1, max: 1, neutral: 0, view: "partner" };

/** Positions of the rich columns, counted from the first of them; partners stand side by side, the upper one first. */
export const Rich = {
  Return1: 0,
  Return5: 1,
  Return15: 2,
  Return60: 3,
  Return240: 4,
  Return1440: 5,
  Volatility60: 6,
  Volatility15Of60: 7,
  Volatility60Of1440: 8,
  Volatility240Of1440: 9,
  ReturnSkew60: 10,
  UpsideShare60: 11,
  Efficiency60: 12,
  Efficiency1440: 13,
  Position60: 14,
  Position240: 15,
  Position1440: 16,
  TrendM15: 17,
  TrendH1: 18,
  DayReturn: 19,
  DayPosition: 20,
  DayHighDistance: 21,
  DayLowDistance: 22,
  LastDayHighDistance: 23,
  LastDayLowDistance: 24,
  MinuteOfHour: 25,
  MinuteOfDay: 26,
  DayOfWeek: 27,
  FundingWait: 28,
  UpperWick: 29,
  LowerWick: 30,
  BodyShare: 31,
  UpperWick15: 32,
  LowerWick15: 33,
  BodyShare15: 34,
  Volume5Of60: 35,
  Volume60Of1440: 36,
  VolumePeak15: 37,
  VolumeImbalance15: 38,
  VolumeImbalance60: 39,
  BtcReturn15: 40,
  BtcReturn60: 41,
  MarketReturn15: 42,
  MarketReturn60: 43,
  MarketReturn240: 44,
  MarketBreadth60: 45,
  RelativeReturn60: 46,
  RankReturn15: 47,
  RankReturn60: 48,
  RankReturn240: 49,
} as const;

const COLUMNS: readonly (readonly [name: string, kind: Kind])[] = [
  ["return_1", SIGNED],
  ["return_5", SIGNED],
  ["return_15", SIGNED],
  ["return_60", SIGNED],
  ["return_240", SIGNED],
  ["return_1440", SIGNED],
  ["volatility_60", SHARE],
  ["volatility_15_of_60", RATIO],
  ["volatility_60_of_1440", RATIO],
  ["volatility_240_of_1440", RATIO],
  ["return_skew_60", SIGNED],
  ["upside_share_60", UPSIDE],
  ["efficiency_60", SIGNED],
  ["efficiency_1440", SIGNED],
  ["position_60", SIGNED],
  ["position_240", SIGNED],
  ["position_1440", SIGNED],
  ["trend_m15", SIGNED],
  ["trend_h1", SIGNED],
  ["day_return", SIGNED],
  ["day_position", SIGNED],
  ["day_high_distance", DISTANCE],
  ["day_low_distance", DISTANCE],
  ["last_day_high_distance", SIGNED_DISTANCE],
  ["last_day_low_distance", SIGNED_DISTANCE],
  ["minute_of_hour", SHARE],
  ["minute_of_day", SHARE],
  ["day_of_week", SHARE],
  ["funding_wait", SHARE],
  ["upper_wick", WICK],
  ["lower_wick", WICK],
  ["body_share", SIGNED],
  ["upper_wick_15", WICK],
  ["lower_wick_15", WICK],
  ["body_share_15", SIGNED],
  ["volume_5_of_60", RATIO],
  ["volume_60_of_1440", RATIO],
  ["volume_peak_15", SHARE],
  ["volume_imbalance_15", SIGNED],
  ["volume_imbalance_60", SIGNED],
  ["btc_return_15", SIGNED],
  ["btc_return_60", SIGNED],
  ["market_return_15", SIGNED],
  ["market_return_60", SIGNED],
  ["market_return_240", SIGNED],
  ["market_breadth_60", SIGNED],
  ["relative_return_60", SIGNED],
  ["rank_return_15", SIGNED],
  ["rank_return_60", SIGNED],
  ["rank_return_240", SIGNED],
];

export const RICH_COUNT: number = COLUMNS.length;

/** The rich columns as they stand behind `first` others. */
export function richColumns(first: number): FeatureColumn[] {
  return COLUMNS.map(([name, { min, max, neutral }], index) =>
    Object.freeze({ name, order: first + index, dtype: "float32", min, max, neutral }),
  );
}

/** The columns' values where there is nothing to measure. */
export const RICH_NEUTRAL: Float64Array = Float64Array.from(COLUMNS, ([, { neutral }]) => neutral);

/** The down side's value of column k is `base + sign * values[source]`: zero stays +0. */
export const DOWN_SIDE: {
  readonly base: Float64Array;
  readonly sign: Float64Array;
  readonly source: Int32Array;
} = {
  base: Float64Array.from(COLUMNS, ([, { view }]) => (view === "complement" ? 1 : 0)),
  sign: Float64Array.from(COLUMNS, ([, { view }]) => (view === "mirrored" || view === "complement" ? -1 : 1)),
  source: Int32Array.from(COLUMNS, ([name, { view }], index) => {
    if (view !== "partner") return index;
    return /(?:^|_)(?:upper|high)(?:_|$)/u.test(name) ? index + 1 : index - 1;
  }),
};
