import { judgementOf } from "../../report/judgement.ts";
import type { BacktestReport } from "../backtest-report.ts";
import { numberText, shareText, signedText, stopsText } from "../../report/format.ts";
import { type Markup, markup, note, section, table } from "./markup.ts";
import { type DeflatedSharpe, SHARPE_DAYS_MIN } from "@smcq/research";
import type { Expectancy } from "../../report/expectancy.ts";

const DAYS_A_YEAR = 365;

/** Is it more than chance? Expectancy with its interval, and the deflated Sharpe ratio. */
export function edgeSections(report: BacktestReport): readonly Markup[] {
  return [
    section("Expectancy of a trade", ...expectancyParts(report.expectancy)),
    section("Deflated Sharpe ratio", ...sharpeParts(report)),
  ];
}

function expectancyParts(expectancy: Expectancy | null): readonly Markup[] {
  if (expectancy === null) return [markup`<p class="none">No trades, no expectancy.</p>`];
  const { trades, days, meanR, interval95, resamples, seed } = expectancy;
  const interval =
    interval95 === null
      ? "no interval: all trades are of one UTC day"
      : `95 % interval ${stopsText(interval95.lower)} to ${stopsText(interval95.upper)} R`;
  return [
    markup`<p class="big">${stopsText(meanR)} R, ${interval}, n = ${numberText(trades)}</p>\n<p>${judgementOf(expectancy)}</p>\n`,
    note(
      `R is a trade's result after costs by its stop distance. The interval is a bootstrap of whole UTC days of entry, all symbols together: ${numberText(resamples)} resamples of ${numberText(days)} days with trades, seed ${String(seed)}, percentiles 2.5 % and 97.5 %.`,
    ),
  ];
}

function sharpeParts({ deflatedSharpe, input }: BacktestReport): readonly Markup[] {
  if (deflatedSharpe === null)
    return [
      markup`<p class="none">None: it needs at least ${String(SHARPE_DAYS_MIN)} days and an equity that moves.</p>`,
    ];
  const { trials } = input;
  const best = trials === 1 ? "0" : `what luck gives the best of ${numberText(trials)} trials`;
  return [
    markup`<p class="big">${probabilityText(deflatedSharpe.probability)}</p>\n<p>How probable it is that the true Sharpe ratio is above ${best}.${trials === 1 ? " One trial means that no other variant, setting or period was looked at." : ""}</p>\n`,
    table(["Figure", "Value"], sharpeRows(deflatedSharpe)),
    note(
      `Of the equity's daily returns (Bailey and López de Prado 2014). The number of trials is the user's word (--trials); the variance among them is taken to be that of trials without skill, 1 / (days − 1). Below 95 % it is no evidence of an edge.`,
    ),
  ];
}

function probabilityText(probability: number): string {
  if (probability < 0.001) return "Below 0.1 %";
  return probability > 0.999 ? "Above 99.9 %" : shareText(probability);
}

function sharpeRows(own: DeflatedSharpe): readonly (readonly string[])[] {
  return [
    ["Days", numberText(own.count)],
    ["Sharpe ratio of a day", signedText(own.sharpe, 3)],
    [`Sharpe ratio of a year (× √${DAYS_A_YEAR})`, signedText(own.sharpe * Math.sqrt(DAYS_A_YEAR), 2)],
    ["Luck alone, of a day", numberText(own.luckSharpe, 3)],
    ["Skewness", signedText(own.skewness, 2)],
    ["Kurtosis (normal: 3)", numberText(own.kurtosis, 2)],
  ];
}
