import { dayText, type Interval } from "@smcq/research";
import { textTable, wrapped } from "../ledger/answer/text-table.ts";
import { counted, NONE, numberText, shareText, signedText, stopsText } from "../report/format.ts";
import type { ChoiceReport, VariantReport, WalkforwardReport } from "./report-types.ts";

function intervalText(interval: Interval | null, places: number): string {
  if (interval === null) return NONE;
  const [mean, lower, upper] = [interval.mean, interval.lower, interval.upper].map((value) =>
    signedText(value, places),
  );
  return `${mean} [${lower}, ${upper}]`;
}

/** The report for eyes. */
export function walkforwardText(report: WalkforwardReport): string {
  const { variants, walkForward, combinatorial } = report;
  return [
    headText(report),
    "\n",
    textTable(
      [
        { name: "variant" },
        { name: "trades", isFigure: true },
        { name: "gross bp", isFigure: true },
        { name: "gross R", isFigure: true },
        { name: "net R", isFigure: true },
      ],
      variants.map(({ name, trades, grossBps, grossR, netR }) => [
        name,
        numberText(trades),
        intervalText(grossBps, 2),
        stopsText(grossR?.mean ?? null),
        intervalText(netR, 3),
      ]),
    ),
    "\nslippage twice:\n",
    textTable(
      [
        { name: "variant" },
        { name: "net R, by days", isFigure: true },
        { name: "by 3 days", isFigure: true },
        { name: "corrected lower", isFigure: true },
      ],
      variants.map(({ name, assessment: { intervals, figures } }) => [
        name,
        intervalText(intervals[0] ?? null, 3),
        intervalText(intervals[1] ?? null, 3),
        stopsText(figures.correctedLowerR),
      ]),
    ),
    "\n",
    periodsText(variants[0] as VariantReport),
    "\n",
    wrapped(choiceText("choosing the best variant and trading it later", walkForward)),
    wrapped(choiceText("on any two of six parts of the calendar", combinatorial)),
    overfittingText(report),
    "\n",
    ...variants.map(verdictText),
  ].join("");
}

function headText({ counts, symbols, days, tried, scorer, holdOut, variants }: WalkforwardReport): string {
  const dayCount = days.reduce((sum, { fromDay, toDay }) => sum + toDay - fromDay + 1, 0);
  const [first] = variants;
  const noTick = first?.netNoTickR ?? null;
  const lines = [
    `${counted(symbols, "symbol")}, ${counted(counts.bars, "bar")}, ${counted(dayCount, "day")}; ${scorer === null ? "every candidate" : `scored by ${scorer}`}`,
    `${counted(counts.candidates, "candidate")}: ${counts.judged} judged, ${counts.stopTooWide} stop too wide, ${counts.notFilled} not filled, ${counts.cutOff} cut off, ${counts.otherDays} on other days${counts.still === 0 ? "" : `, ${counts.still} of ${counts.stillSymbols.join(", ")}, which never met a stop or a target`}`,
    `corrected for ${tried.variants + tried.known + tried.unseen} variants: ${tried.variants} of this run, ${tried.known + tried.unseen} tried before`,
    ...(noTick === null ? [] : [`net of ${first?.name ?? ""} without ticks: ${stopsText(noTick.mean)} R`]),
    ...(holdOut === null
      ? []
      : [
          `hold-out ${holdOut.name}, ${dayText(holdOut.fromDay)} to ${dayText(holdOut.toDay)}: ${holdOut.isHoldOut ? "opened now, for the first time" : `opened ${holdOut.openings} times, so it is NO hold-out any more`}`,
        ]),
  ];
  return lines.map((line) => wrapped(line)).join("");
}

function periodsText({ name, assessment: { periods } }: VariantReport): string {
  return textTable(
    [
      { name: `periods of ${name}` },
      { name: "days", isFigure: true },
      { name: "trades", isFigure: true },
      { name: "net R, slippage twice", isFigure: true },
    ],
    periods.map(({ fromDay, toDay, days, trades, meanR }) => [
      `${dayText(fromDay)} to ${dayText(toDay)}`,
      numberText(days),
      numberText(trades),
      stopsText(meanR),
    ]),
  );
}

function choiceText(what: string, { folds, foldsTraded, trades, meanR }: ChoiceReport): string {
  if (folds === 0) return `${what}: too few days`;
  if (meanR === null) return `${what}: no trade in any of ${folds} folds`;
  return `${what}: ${stopsText(meanR)} R over ${counted(trades, "trade")} in ${foldsTraded} of ${folds} folds`;
}

function overfittingText({ overfitting }: WalkforwardReport): string {
  if (overfitting === null) return "";
  const { probability, chosenR, judgedR } = overfitting;
  return wrapped(
    `probability of backtest overfitting: ${shareText(probability, 0)} (the best of one half showed ${stopsText(chosenR)} R, in the other half ${stopsText(judgedR)} R)`,
  );
}

function verdictText({ name, assessment: { verdict, deflatedSharpe } }: VariantReport): string {
  const unmet = verdict.conditions.filter(({ isMet }) => !isMet).map(({ text }) => text);
  const sharpe =
    deflatedSharpe === null ? "" : `; deflated Sharpe ${shareText(deflatedSharpe.probability, 1)}`;
  const why = unmet.length === 0 ? verdict.conditions.map(({ text }) => text) : unmet;
  return wrapped(`${name}: ${verdict.status} - ${why.join("; ")}${sharpe}`);
}
