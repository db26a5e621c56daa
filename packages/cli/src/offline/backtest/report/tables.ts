import type { TradeGroup } from "../../report/trade-groups.ts";
import type { BacktestReport } from "../backtest-report.ts";
import { barChart, valueAxis } from "./charts.ts";
import {
  durationText,
  moneyText,
  NONE,
  numberText,
  shareText,
  signedText,
  stopsText,
} from "../../report/format.ts";
import { type Markup, markup, note, section, signed, table } from "./markup.ts";
import { exitMeaning, outcomeMeaning, SETUP_MEANINGS } from "../../report/meanings.ts";
import { histogramOf } from "./statistics.ts";

const HISTOGRAM = { min: -2.5, width: 0.25, bins: 20 } as const;
const HISTOGRAM_LABELS = [-2, -1, 0, 1, 2] as const;
const BIN_WIDTH = 0.05;

type Groups = Readonly<Record<string, TradeGroup>>;

/** Where the result comes from: months, symbols, setups and hours of the day. */
export function groupSections(report: BacktestReport): readonly Markup[] {
  const own = (title: string, name: string, groups: Groups, remark: string): Markup => {
    const remarks = remark === "" || report.total.trades === 0 ? [] : [note(remark)];
    return section(title, groupTable(name, groups), ...remarks);
  };
  return [
    own("By month", "Month", report.byMonth, "By the time of entry, UTC."),
    own("By symbol", "Symbol", report.bySymbol, ""),
    own("By setup", "Setup", report.bySetup, SETUP_MEANINGS),
    own("By hour of the day", "Hour", report.byHour, "By the time of entry, UTC."),
  ];
}

function groupTable(title: string, groups: Groups): Markup {
  return table(
    [title, "Trades", "Won", "Net, USDT", "Mean R"],
    Object.entries(groups).map(([name, { trades, wins, net, meanR }]) => [
      name,
      numberText(trades),
      `${numberText(wins)} (${shareText(wins / trades, 0)})`,
      signed(Number(net), moneyText(net)),
      signed(meanR ?? 0, stopsText(meanR)),
    ]),
  );
}

/** How the trades' results are spread. */
export function histogramSection(results: readonly number[]): Markup {
  if (results.length === 0)
    return section("Results in R", markup`<p class="none">No trades, no results.</p>`);
  const counts = histogramOf(results, HISTOGRAM);
  const { min, width, bins } = HISTOGRAM;
  const bars = counts.map((value, bin) => {
    const [from, to] = [min + bin * width, min + (bin + 1) * width];
    const range =
      bin === 0
        ? `below ${numberText(to, 2)} R`
        : bin === bins - 1
          ? `${numberText(from, 2)} R or more`
          : `${numberText(from, 2)} to ${numberText(to, 2)} R`;
    return { from, to, value, label: `${range}: ${numberText(value)}` };
  });
  return section(
    "Results in R",
    barChart(
      {
        title: "Trades by their result after costs, bins of 0.25 R",
        summary: bars.map(({ label }) => label).join("; "),
        x: {
          min,
          max: min + bins * width,
          ticks: HISTOGRAM_LABELS.map((at) => ({ at, label: `${signedText(at)} R` })),
        },
        y: valueAxis([0, ...counts], { ticks: 4, label: numberText }),
      },
      bars,
    ),
    note("The first and the last bar also hold what lies beyond them."),
  );
}

/** What the market gave and what the costs took. */
export function costsSection({ total }: BacktestReport): Markup {
  const row = (name: string, usdt: number): readonly (string | Markup)[] => [
    name,
    signed(usdt, moneyText(usdt)),
    total.trades === 0 ? NONE : signed(usdt, numberText(usdt / total.trades, 3)),
  ];
  return section(
    "Costs against gross",
    table(
      ["Part", "All trades, USDT", "A trade, USDT"],
      [
        row("Gross: price result, slippage included", Number(total.gross)),
        row("Fees", -Number(total.fees)),
        row("Funding", Number(total.funding)),
        row("Net", Number(total.net)),
      ],
    ),
    note("Funding counts only where its rates were given."),
  );
}

/** Whether higher scores won more often. */
export function calibrationSection({ calibration }: BacktestReport): Markup {
  return section(
    "Calibration of the taken trades",
    table(
      ["Score", "Trades", "Mean score", "Won"],
      calibration.map(({ scoreMin, trades, meanScore, wonRatio }) => [
        `${numberText(scoreMin, 2)} to ${numberText(scoreMin + BIN_WIDTH, 2)}`,
        numberText(trades),
        numberText(meanScore, 3),
        shareText(wonRatio),
      ]),
    ),
    note(
      "A calibrated score of 0.70 wins 70 % of its trades. The heuristic's score is a rank and claims no probability. Won: above 0 after costs.",
    ),
  );
}

/** What was decided, how trades ended, and what it was all run with. */
export function sourceSections({ decisions, exits, input }: BacktestReport): readonly Markup[] {
  const counted = (
    counts: Readonly<Record<string, number>>,
    meaning: (name: string) => string,
  ): readonly (readonly (string | Markup)[])[] => {
    const sum = Object.values(counts).reduce((total, count) => total + count, 0);
    return Object.entries(counts).map(([name, count]) => [
      markup`${name}<small>${meaning(name)}</small>`,
      numberText(count),
      shareText(count / sum),
    ]);
  };
  const columns = (name: string): readonly string[] => [name, "Count", "Share"];
  return [
    section(
      "Decisions by outcome",
      table(columns("Outcome"), counted(decisions, outcomeMeaning)),
      note(
        `Signals with a score above ${String(input.scoreMin)}; the first gate that refuses names the outcome.`,
      ),
    ),
    section("Exits by reason", table(columns("Reason"), counted(exits, exitMeaning))),
    section("Settings of entries, risk, protocol and fees", table(["Setting", "Value"], settingRows(input))),
    section(
      "Files",
      table(
        ["File", "Symbol", "SHA-256"],
        [...input.files, ...fundingFiles(input)].map(({ name, symbol, sha256 }) => [
          name,
          symbol,
          sha256 === null ? "comes with the engine" : markup`<span class="hash">${sha256}</span>`,
        ]),
        ["Symbol", "SHA-256"],
      ),
    ),
  ];
}

function fundingFiles({ funding }: BacktestReport["input"]): BacktestReport["input"]["files"] {
  if (funding === undefined) return [];
  return [{ name: funding.name, symbol: "funding rates", sha256: funding.sha256 }];
}

function settingRows(input: BacktestReport["input"]): readonly (readonly string[])[] {
  const { risk, protocol, fees, plan } = input;
  const { name: planName, timeframe, entry, target, ...planned } = plan;
  const { kind, ...resting } = entry;
  const rows = Object.entries<number>({ ...risk, ...protocol, ...fees, ...planned, ...resting }).map(
    ([name, value]) => {
      if (name.endsWith("Ms")) return [name, durationText(value)];
      if (/Ratio(?:Max|Min|Default)?$/.test(name))
        return [name, `${String(+(100 * value).toPrecision(6))} %`];
      return [name, String(value)];
    },
  );
  return [["plan", planName], ["timeframe", timeframe], ["entry", kind], ["target", target], ...rows];
}
