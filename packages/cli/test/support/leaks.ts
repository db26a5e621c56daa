import { BAR_FIELDS, FEATURE_COUNT } from "@smcq/kernel";
import type { Pipeline, Seen, SeenTrade } from "../../src/offline/prove/pipeline.ts";

type Change = (seen: Seen, bars: Float64Array) => Partial<Seen>;

const closeOf = (bars: Float64Array, bar: number): number => bars[bar * BAR_FIELDS + 4] ?? Number.NaN;

/** A pipeline whose view of bars is changed on the way. */
function viewed(change: Change): (honest: Pipeline) => Pipeline {
  return (honest) => ({
    ...honest,
    scan: (bars) => {
      const seen = honest.scan(bars);
      return { ...seen, ...change(seen, bars) };
    },
  });
}

function features(value: (bars: Float64Array, bar: number, own: number) => number): Change {
  return (seen, bars) => ({
    features: seen.features.map((own, at) =>
      at % FEATURE_COUNT === 7 ? value(bars, Math.floor(at / FEATURE_COUNT), own) : own,
    ),
  });
}

function candidates(value: (bars: Float64Array, bar: number, code: number) => number): Change {
  return (seen, bars) => {
    const codes = seen.candidates.map((code, bar) => (code === 0 ? 0 : value(bars, bar, code)));
    return {
      candidates: codes,
      trades: seen.trades.filter(({ bar, side }) => Math.sign(codes[bar] ?? 0) === side),
    };
  };
}

function scores(value: (bars: Float64Array, bar: number, own: number, seen: Seen) => number): Change {
  return (seen, bars) => ({
    scores: seen.scores.map((own, bar) => (Number.isNaN(own) ? own : value(bars, bar, own, seen))),
  });
}

function trades(value: (trade: SeenTrade, bars: Float64Array) => number): Change {
  return (seen, bars) => ({ trades: seen.trades.map((trade) => ({ ...trade, grossR: value(trade, bars) })) });
}

/** Ways to know what nobody can know yet, planted around the engine's own pipeline. */
export const LEAKS: Readonly<Record<string, (honest: Pipeline) => Pipeline>> = {
  "events a bar early": viewed(({ events }) => ({ events: [...events.slice(1), ""] })),
  "a feature of the next close": viewed(features((bars, bar) => closeOf(bars, bar + 1) / closeOf(bars, bar))),
  "a feature less its mean of all": viewed(({ features: own }) => {
    const known = own.filter((value, at) => at % FEATURE_COUNT === 7 && !Number.isNaN(value));
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return { features: own.map((value, at) => (at % FEATURE_COUNT === 7 ? value - mean : value)) };
  }),
  "a centred moving average": viewed(
    features((bars, bar, own) => {
      const near = [-2, -1, 0, 1, 2].map((shift) => closeOf(bars, bar + shift));
      return Number.isNaN(own) ? own : near.reduce((sum, close) => sum + close, 0) / near.length;
    }),
  ),
  "candidates that the next bars go against are left out": viewed(
    candidates((bars, bar, code) => (code * (closeOf(bars, bar + 20) - closeOf(bars, bar)) > 0 ? code : 0)),
  ),
  "the side is the way that the price goes": viewed(
    candidates((bars, bar, code) => Math.abs(code) * (closeOf(bars, bar + 10) > closeOf(bars, bar) ? 1 : -1)),
  ),
  "the score is what comes": viewed(scores((bars, bar) => closeOf(bars, bar + 30) / closeOf(bars, bar))),
  "the score is scaled by all scores": viewed(
    scores(
      (_bars, _bar, own, seen) => own / Math.max(...seen.scores.filter((score) => !Number.isNaN(score))),
    ),
  ),
  "the exit is the best close of the hold": viewed(
    trades(({ bar, side, grossR }, bars) =>
      Math.max(
        grossR,
        ...[20, 40, 60].map((k) => (side * (closeOf(bars, bar + k) / closeOf(bars, bar) - 1)) / 0.004),
      ),
    ),
  ),
  "the entry fills at the bar's best price": (honest) => ({
    ...honest,
    follow: (bars, plan) => {
      const bar = plan.bar + 1 + plan.delayBars;
      const better = bars.slice();
      const best = bars[bar * BAR_FIELDS + (plan.side > 0 ? 3 : 2)];
      if (best !== undefined) better[bar * BAR_FIELDS + 1] = best;
      return honest.follow(better, plan);
    },
  }),
  "the entry fills at the candidate bar's own open": (honest) => ({
    ...honest,
    follow: (bars, plan) => {
      const bar = plan.bar + 1 + plan.delayBars;
      const better = bars.slice();
      const earlier = bars[(bar - 1) * BAR_FIELDS + 1];
      if (bar * BAR_FIELDS < bars.length && earlier !== undefined) better[bar * BAR_FIELDS + 1] = earlier;
      return honest.follow(better, plan);
    },
  }),
};
