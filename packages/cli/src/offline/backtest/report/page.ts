import { TRADES_MIN } from "../../report/expectancy.ts";
import type { BacktestReport } from "../backtest-report.ts";
import { curveSections, exposureSection, type PageFacts } from "./curves.ts";
import { explainedSection } from "./explained.ts";
import { counted, minuteText, moneyText, numberText, shareText } from "../../report/format.ts";
import { type Markup, markup, signed } from "./markup.ts";
import { edgeSections } from "./edge.ts";
import { STYLE } from "./style.ts";
import {
  calibrationSection,
  costsSection,
  groupSections,
  histogramSection,
  sourceSections,
} from "./tables.ts";

export type { PageFacts } from "./curves.ts";

/** `report.html`: the whole result as one page without scripts, the same bytes for the same result. */
export function reportHtml(report: BacktestReport, facts: PageFacts): string {
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Backtest: ${moneyText(report.total.net)} USDT, ${counted(report.total.trades, "trade")}</title>
<style>${{ html: STYLE }}</style>
</head>
<body><main>
${headline(report)}
${edgeSections(report)}
${curveSections(report, facts)}
${groupSections(report)}
${histogramSection(facts.trades.map(({ r }) => r))}
${costsSection(report)}
${exposureSection(report, facts)}
${calibrationSection(report)}
${explainedSection(facts.examples, report.input)}
${sourceSections(report)}
<footer>Times are UTC, money is USDT, R is the distance from entry to stop. All figures: report.json, trades.csv, decisions.csv, equity.csv beside this page.</footer>
</main></body>
</html>
`;
  return page.html;
}

function headline(report: BacktestReport): Markup {
  const { total, input, wallet, period } = report;
  const net = Number(total.net);
  const netText = `${moneyText(total.net)} USDT (${shareText(net / Number(input.equity), 2)})`;
  const tiles: readonly Tile[] = [
    ["Trades", numberText(total.trades)],
    [
      "Won",
      total.trades === 0 ? "none" : `${numberText(total.wins)} (${shareText(total.wins / total.trades)})`,
    ],
    ["Wallet", `${moneyText(input.equity)} → ${moneyText(wallet)} USDT`],
    ["Deepest drawdown", shareText(report.drawdownRatioMax, 2)],
    ["Scorer", input.scorer],
    ["Venue", input.seed === null ? "whole bars" : `drawn paths, seed ${input.seed}`],
    ["Bars of 1 minute", `${numberText(report.bars)} (${numberText(report.holes)} missing)`],
    [
      "Period (UTC)",
      period === null ? "no bars" : `${minuteText(period.firstMs)} to ${minuteText(period.endMs)}`,
      true,
    ],
    ...(input.fromMs === null ? [] : ([["Decided from (UTC)", minuteText(input.fromMs), true]] as const)),
    [`Symbols (${numberText(report.symbols)})`, symbolNames(report), true],
  ];
  return markup`<h1>Backtest</h1>
<p class="big">${verdict(report, net)} ${signed(net, netText)}</p>
${warnings(report)}<dl>${tiles.map(tileOf)}</dl>`;
}

/** A figure by its name; a wide one takes the whole row. */
type Tile = readonly [name: string, value: string, isWide?: boolean];

function tileOf([name, value, isWide = false]: Tile): Markup {
  return markup`<div class="${isWide ? "span" : "tile"}"><dt>${name}</dt><dd>${value}</dd></div>\n`;
}

function verdict({ total }: BacktestReport, net: number): string {
  if (total.trades === 0) return "No trades: nothing was entered. Net";
  return `${net < 0 ? "Lost" : "Net result"} after costs:`;
}

function warnings(report: BacktestReport): readonly Markup[] {
  const texts: string[] = [];
  if (report.isHalted)
    texts.push("HALTED: the drawdown reached its limit; nothing was entered from there on.");
  if (Number(report.liquidation) !== 0)
    texts.push(
      `Liquidated: ${moneyText(report.liquidation)} USDT beside the trades, the venue's fee or what its insurance fund paid.`,
    );
  if (!report.hasEnoughTrades)
    texts.push(
      `Not enough trades: ${numberText(report.total.trades)} is fewer than ${TRADES_MIN}, which says nothing about an edge.`,
    );
  return texts.map((text) => markup`<p class="warn">${text}</p>\n`);
}

const NAMES_MAX = 20;

function symbolNames({ input }: BacktestReport): string {
  const names = [...new Set(input.files.map(({ symbol }) => symbol))];
  const more = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).join(", ")}${more > 0 ? ` and ${numberText(more)} more` : ""}`;
}
