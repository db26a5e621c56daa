import { dayText, type Interval } from "@smcq/research";
import { type Markup, markup, note, section, signed, table } from "../backtest/report/markup.ts";
import { STYLE } from "../backtest/report/style.ts";
import { counted, NONE, numberText, shareText, signedText, stopsText } from "../report/format.ts";
import type { ChoiceReport, VariantReport, WalkforwardReport } from "./report-types.ts";

const PLOT_STYLE = `
.reach { width: 100%; height: 2rem; min-width: 14rem; }
.reach .mean { stroke: var(--ink); stroke-width: 3; }
.reach .span { stroke: var(--line); stroke-width: 6; stroke-opacity: .45; }
.reach .bound { stroke: var(--loss); stroke-width: 2; stroke-dasharray: 3 3; }
`;
/** Units that a plot is wide. */
const WIDTH = 1_000;

/** One page without scripts, the same bytes for the same report: what was judged, and what may be believed of it. */
export function walkforwardPage(report: WalkforwardReport): string {
  const { plan, seed, dataSha256 } = report;
  const title = `Walk-forward: ${plan.name ?? "the engine's own plan"}`;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${{ html: STYLE }}${{ html: PLOT_STYLE }}</style>
</head>
<body><main>
<h1>${title}</h1>
${headline(report)}
${meansSection(report)}
${boundsSection(report)}
${periodsSection(report)}
${choiceSection(report)}
${verdictSection(report)}
<footer>R is the distance from entry to stop; days are UTC. Seed of the resampling ${String(seed)}, bars <span class="hash">${dataSha256}</span>. All figures: walkforward.json beside this page.</footer>
</main></body>
</html>
`;
  return page.html;
}

function headline({ variants, counts, symbols, days, tried, scorer, holdOut }: WalkforwardReport): Markup {
  const proven = variants.filter(({ assessment }) => assessment.verdict.status === "proven");
  const words =
    proven.length === 0
      ? "Nothing here has a proven edge."
      : `Proven: ${proven.map(({ name }) => name).join(", ")}.`;
  const dayCount = days.reduce((sum, { fromDay, toDay }) => sum + toDay - fromDay + 1, 0);
  const all = tried.variants + tried.known + tried.unseen;
  const still =
    counts.still === 0
      ? ""
      : `, ${counts.still} of ${counts.stillSymbols.join(", ")}, which never met a stop or a target`;
  const opened =
    holdOut === null
      ? []
      : [
          markup`<p class="warn">Hold-out ${holdOut.name}, ${dayText(holdOut.fromDay)} to ${dayText(holdOut.toDay)}: ${holdOut.isHoldOut ? "opened for the first time" : `opened ${holdOut.openings} times, so it is no hold-out any more`}.</p>`,
        ];
  return markup`<p class="big">${words}</p>
${opened}
<p>${counted(symbols, "symbol")}, ${counted(counts.bars, "bar")}, ${counted(dayCount, "day")}; ${scorer === null ? "every candidate is taken" : `scored by ${scorer}`}. Of ${counted(counts.candidates, "candidate")} ${numberText(counts.judged)} are judged (${numberText(counts.stopTooWide)} stop too wide, ${numberText(counts.notFilled)} not filled, ${numberText(counts.cutOff)} cut off, ${numberText(counts.otherDays)} on other days${still}).</p>
${note(`Corrected for ${all} variants: ${tried.variants} of this run and ${tried.known + tried.unseen} tried before.`)}`;
}

function meansSection({ variants }: WalkforwardReport): Markup {
  return section(
    "Before and after costs",
    table(
      ["Variant", "Trades", "Gross bp", "Gross R", "Net R without ticks", "Net R"],
      variants.map(({ name, trades, grossBps, grossR, netNoTickR, netR }) => [
        name,
        numberText(trades),
        intervalCell(grossBps, 2),
        intervalCell(grossR, 3),
        intervalCell(netNoTickR, 3),
        intervalCell(netR, 3),
      ]),
    ),
    note("Means with their 95 % intervals by blocks of one day over all symbols together."),
  );
}

/** The means with slippage twice, drawn on one scale. */
function boundsSection({ variants }: WalkforwardReport): Markup {
  const scale = scaleOf(variants);
  return section(
    "Slippage twice",
    table(
      ["Variant", "Net R by days", "Net R by 3 days", "Corrected lower bound", plotTitle(scale)],
      variants.map((variant) => {
        const { intervals, figures } = variant.assessment;
        const lower = figures.correctedLowerR;
        return [
          variant.name,
          intervalCell(intervals[0] ?? null, 3),
          intervalCell(intervals[1] ?? null, 3),
          lower === null ? NONE : signed(lower, stopsText(lower)),
          plotOf(variant, scale),
        ];
      }),
      [plotTitle(scale)],
    ),
    note(
      "Line: mean and its 95 % interval by days. Dashed: the lower bound that remains after everything that was ever tried. It has to be right of 0.",
    ),
  );
}

interface Scale {
  readonly min: number;
  readonly max: number;
}

function scaleOf(variants: readonly VariantReport[]): Scale {
  const values = variants.flatMap(({ assessment: { intervals, figures } }) => [
    ...(intervals[0] ? [intervals[0].lower, intervals[0].upper] : []),
    ...(figures.correctedLowerR === null ? [] : [figures.correctedLowerR]),
  ]);
  return { min: Math.min(0, ...values), max: Math.max(0, ...values) };
}

function plotTitle({ min, max }: Scale): string {
  return `${signedText(min, 2)} R to ${signedText(max, 2)} R`;
}

function plotOf({ name, assessment: { intervals, figures } }: VariantReport, { min, max }: Scale): Markup {
  const x = (value: number): string =>
    String(Math.round((WIDTH * (value - min)) / Math.max(max - min, Number.MIN_VALUE)));
  const upright = (kind: string, value: number): Markup =>
    markup`<line class="${kind}" x1="${x(value)}" x2="${x(value)}" y1="10" y2="90"/>`;
  const interval = intervals[0] ?? null;
  if (interval === null) return markup`${NONE}`;
  const { mean, lower, upper } = interval;
  const bound = figures.correctedLowerR;
  const words = `${name}: mean ${mean.toFixed(3)} R, ${lower.toFixed(3)} to ${upper.toFixed(3)}${bound === null ? "" : `, corrected lower bound ${bound.toFixed(3)}`}`;
  return markup`<svg class="reach" role="img" aria-label="${words}" viewBox="0 0 ${String(WIDTH)} 100" preserveAspectRatio="none"><line class="zero" x1="${x(0)}" x2="${x(0)}" y1="0" y2="100"/><line class="span" x1="${x(lower)}" x2="${x(upper)}" y1="50" y2="50"/>${upright("mean", mean)}${bound === null ? "" : upright("bound", bound)}</svg>`;
}

function periodsSection({ variants }: WalkforwardReport): Markup {
  return section(
    "Separate periods",
    ...variants.map(
      ({ name, assessment: { periods } }) =>
        markup`<h3>${name}</h3>${table(
          ["Period", "Days", "Trades", "Net R, slippage twice"],
          periods.map(({ fromDay, toDay, days, trades, meanR }) => [
            `${dayText(fromDay)} to ${dayText(toDay)}`,
            numberText(days),
            numberText(trades),
            meanR === null ? NONE : signed(meanR, stopsText(meanR)),
          ]),
        )}`,
    ),
  );
}

function choiceSection({ walkForward, combinatorial, overfitting }: WalkforwardReport): Markup {
  const row = (what: string, choice: ChoiceReport): readonly (string | Markup)[] => [
    what,
    `${choice.foldsTraded} of ${choice.folds}`,
    numberText(choice.trades),
    choice.meanR === null ? NONE : signed(choice.meanR, stopsText(choice.meanR)),
  ];
  const words =
    overfitting === null
      ? "Probability of backtest overfitting: too few days or variants to say."
      : `Probability of backtest overfitting: ${shareText(overfitting.probability, 0)}. The best of one half showed ${stopsText(overfitting.chosenR)} R, and ${stopsText(overfitting.judgedR)} R in the other half.`;
  return section(
    "Choosing, then trading",
    table(
      ["The best variant of", "Folds traded", "Trades", "Net R, slippage twice"],
      [row("the days before", walkForward), row("any four of six parts of the calendar", combinatorial)],
    ),
    note(words),
  );
}

function verdictSection({ variants }: WalkforwardReport): Markup {
  return section(
    "Verdict",
    ...variants.map(({ name, assessment: { verdict, deflatedSharpe } }) => {
      const conditions = verdict.conditions.map(
        ({ isMet, text }) =>
          markup`<li class="${isMet ? "gain" : "loss"}">${isMet ? "met" : "not met"}: ${text}</li>`,
      );
      const sharpe =
        deflatedSharpe === null
          ? ""
          : markup`<li>deflated Sharpe ratio: above 0 with ${shareText(deflatedSharpe.probability, 1)}</li>`;
      return markup`<h3>${name}: ${verdict.status}</h3><ul>${conditions}${sharpe}</ul>`;
    }),
  );
}

function intervalCell(interval: Interval | null, places: number): string | Markup {
  if (interval === null) return NONE;
  const [mean, lower, upper] = [interval.mean, interval.lower, interval.upper].map((value) =>
    signedText(value, places),
  );
  return signed(interval.mean, `${mean} [${lower}, ${upper}]`);
}
