import { e8Text, e8ToNumber } from "@smcq/kernel";
import type { JournaledRun, RecordReader, StoredTrade } from "@smcq/ledger";
import { utcText } from "@smcq/scoring";
import { type Expectancy, expectancyOf, TRADES_MIN } from "../report/expectancy.ts";
import { counted, minuteText, numberText, shareText, signedText, stopsText } from "../report/format.ts";
import { judgementOf } from "../report/judgement.ts";
import { groupOf, type TradeGroup } from "../report/trade-groups.ts";
import { type Account, accountData, accountLines, accountOf } from "./account.ts";
import { type Answer, figureCell, type Row } from "./answer/answer.ts";
import { runLine } from "./answer/question.ts";
import { qtyText } from "./answer/record-rows.ts";
import { textTable, wrapped } from "./answer/text-table.ts";
import { isoText } from "./answer/utc-time.ts";

export const GROUPINGS = ["day", "symbol", "setup", "hour", "reason"] as const;
export type Grouping = (typeof GROUPINGS)[number];

const KEYS: Readonly<Record<Grouping, (trade: StoredTrade) => string>> = {
  day: ({ exitMs }) => utcText(exitMs).slice(0, 10),
  symbol: ({ symbol }) => symbol,
  setup: ({ setup }) => `S${setup}`,
  hour: ({ entryMs }) => `${utcText(entryMs).slice(11, 13)}:00`,
  reason: ({ reason }) => reason,
};

const NAMES: Readonly<Record<Grouping, string>> = {
  day: "Day of exit (UTC)",
  symbol: "Symbol",
  setup: "Setup",
  hour: "Hour of entry (UTC)",
  reason: "Reason",
};

const COLUMNS = [
  "group",
  "trades",
  "won",
  "gross",
  "fees",
  "funding",
  "net",
  "mean_r",
  "lower95_r",
  "upper95_r",
  "n",
  "enough_trades",
] as const;

interface Group {
  readonly name: string;
  readonly sums: TradeGroup;
  /** Null without trades whose result in stop distances can be said. */
  readonly expectancy: Expectancy | null;
}

/** `smcq pnl`: what was earned, net of everything, and whether every cent of it is accounted for. */
export function askPnl(reader: RecordReader, run: JournaledRun | null, grouping: Grouping): Answer {
  const filter = { symbol: null, sinceMs: null, untilMs: null, kind: null, limit: Number.MAX_SAFE_INTEGER };
  const trades = reader.trades({ ...filter, runKey: run?.runKey ?? null }).rows;
  const groups = [...Map.groupBy(trades, KEYS[grouping])]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => groupFrom(name, own));
  const total = groupFrom("total", trades);
  const accounts = (run === null ? reader.runs() : [run]).map((own) => accountOf(reader, own));
  const rows = [...groups, total].map(groupRow);
  const isSound = accounts.every(({ differenceE8 }) => differenceE8 === 0n);
  const [only] = accounts;
  const money = run !== null && only !== undefined ? accountText(only) : accountsText(accounts);
  return {
    isSound,
    data: {
      run: run?.runId ?? "all",
      by: grouping,
      tradesMin: TRADES_MIN,
      groups: rows.slice(0, -1),
      total: rows.at(-1),
      accounts: accounts.map(accountData),
      open: accounts.flatMap((account) => account.open.map((position) => openRow(account, position))),
    },
    columns: COLUMNS,
    rows,
    text: `${runLine(run)}\n\n${groupTable(grouping, groups, total)}\n${expectancyText(total)}\n${money}`,
  };
}

function groupFrom(name: string, trades: readonly StoredTrade[]): Group {
  const known = trades.flatMap(({ entryMs, r }) => (r === null ? [] : [{ entryMs, r }]));
  return { name, sums: groupOf(trades), expectancy: expectancyOf(known) };
}

function groupRow({ name, sums, expectancy }: Group): Row {
  const { trades, wins, gross, fees, funding, net, meanR } = sums;
  return {
    group: name,
    trades,
    won: wins,
    gross,
    fees,
    funding,
    net,
    mean_r: figureCell(meanR),
    lower95_r: figureCell(expectancy?.interval95?.lower ?? null),
    upper95_r: figureCell(expectancy?.interval95?.upper ?? null),
    n: expectancy?.trades ?? 0,
    enough_trades: trades >= TRADES_MIN,
  };
}

function groupTable(grouping: Grouping, groups: readonly Group[], total: Group): string {
  if (groups.length === 0) return "no closed trades\n";
  return textTable(
    [
      { name: NAMES[grouping], mayShrink: true },
      { name: "Trades", isFigure: true },
      { name: "Won", isFigure: true },
      { name: "Net USDT", isFigure: true },
      { name: "Mean R", isFigure: true },
      { name: "95 % interval of R" },
    ],
    [...groups, total].map(({ name, sums, expectancy }) => [
      name,
      numberText(sums.trades),
      `${numberText(sums.wins)} (${shareText(sums.wins / sums.trades, 0)})`,
      signedText(Number(sums.net), 2),
      stopsText(sums.meanR),
      sums.trades < TRADES_MIN ? "not enough trades" : intervalText(expectancy),
    ]),
  );
}

function intervalText(expectancy: Expectancy | null): string {
  const interval = expectancy?.interval95 ?? null;
  if (interval === null) return "all of one day";
  return `${stopsText(interval.lower)} to ${stopsText(interval.upper)}`;
}

/** Is it more than chance? */
function expectancyText({ sums, expectancy }: Group): string {
  if (expectancy === null) return "no trades, no expectancy\n";
  const { interval95, meanR, trades, days } = expectancy;
  const interval =
    interval95 === null ? "no interval: all of one UTC day" : `95 % interval ${intervalText(expectancy)} R`;
  const figures = `expectancy ${stopsText(meanR)} R a trade, ${interval}, n = ${numberText(trades)} of ${counted(days, "UTC day")}`;
  const few =
    sums.trades < TRADES_MIN
      ? `not enough trades: fewer than ${TRADES_MIN} say nothing about an edge`
      : judgementOf(expectancy);
  return `${wrapped(figures)}${wrapped(few)}`;
}

function accountText(account: Account): string {
  const { realisedE8, feesE8, fundingE8 } = account.booked;
  const lines = accountLines(account).map(([name, valueE8]) => [name, e8Text(valueE8)]);
  const table = textTable([{ name: "Account" }, { name: "USDT", isFigure: true }], lines);
  const within = `in it: price results ${e8Text(realisedE8)}, fees ${e8Text(-feesE8)}, funding ${e8Text(fundingE8)}`;
  const loose =
    account.looseE8 === 0n
      ? ""
      : wrapped(
          `of no trade: what was told after a trade's end, or a table that was changed (smcq ledger rebuild says which)`,
        );
  return `${table}${wrapped(within)}${loose}\n${wrapped(proofText(account))}${openText(account)}`;
}

/** Whether what was booked is the wallet that the core itself told. */
function proofText({ told, differenceE8, sinceToldE8, run }: Account): string {
  if (told === null) return "no minute has closed: there is no wallet of the engine's own to hold it against";
  const minute = `${minuteText(told.closeMs)} UTC`;
  const since = sinceToldE8 === 0n ? "" : `; ${e8Text(sinceToldE8)} was booked after that minute`;
  if (differenceE8 === 0n)
    return `it adds up to the last 1e-8: the engine's own wallet at ${minute} was ${e8Text(told.walletE8)}${since}`;
  const hole =
    run.holes > 0
      ? `; the journal has ${counted(run.holes, "hole")}: what happened there is not booked`
      : "; a position that the venue has and no trade explains yet does that, or a changed file (smcq ledger verify, smcq ledger rebuild)";
  return `IT DOES NOT ADD UP: at ${minute} the engine's own wallet was ${e8Text(told.walletE8)}, ${e8Text(differenceE8)} beside what was booked until then${hole}`;
}

type Position = Account["open"][number];

function averageOf({ entryNotionalE8, qtySteps, units }: Position): number {
  return Number(entryNotionalE8) / Number(BigInt(Math.abs(qtySteps)) * units.stepE8);
}

function openRow({ run }: Account, position: Position): Row {
  const { symbol, qtySteps, openedMs, units } = position;
  return {
    run: run.runId,
    symbol,
    side: qtySteps > 0 ? 1 : -1,
    qty: qtyText(Math.abs(qtySteps), units),
    entry_price: figureCell(averageOf(position)),
    opened_time: isoText(openedMs),
  };
}

/** What is still held: its result is none yet. */
function openText({ open, told }: Account): string {
  if (open.length === 0) return "no position was open at the end\n";
  const unrealised =
    told === null
      ? ""
      : `, unrealised ${signedText(e8ToNumber(told.equityE8 - told.walletE8), 2)} USDT at ${minuteText(told.closeMs)} UTC`;
  const rows = open.map((position) => [
    position.symbol,
    position.qtySteps > 0 ? "long" : "short",
    qtyText(Math.abs(position.qtySteps), position.units),
    numberText(averageOf(position), position.units.priceDecimals),
    minuteText(position.openedMs),
  ]);
  const table = textTable(
    [
      { name: "Symbol", mayShrink: true },
      { name: "Side" },
      { name: "Quantity", isFigure: true },
      { name: "Entry", isFigure: true },
      { name: "Opened (UTC)" },
    ],
    rows,
  );
  const head = `${counted(open.length, "position")} open at the end, whose result is none yet${unrealised}:`;
  return `\n${wrapped(head)}${table}`;
}

function accountsText(accounts: readonly Account[]): string {
  const table = textTable(
    [
      { name: "Run" },
      { name: "Start", isFigure: true },
      { name: "Booked", isFigure: true },
      { name: "Transfers", isFigure: true },
      { name: "End", isFigure: true },
    ],
    accounts.map(({ run, startE8, endE8, booked: { transfersE8 } }) => [
      run.runId.slice(0, 8),
      numberText(e8ToNumber(startE8), 2),
      signedText(e8ToNumber(endE8 - startE8 - transfersE8), 2),
      signedText(e8ToNumber(transfersE8), 2),
      numberText(e8ToNumber(endE8), 2),
    ]),
  );
  const wrong = accounts.filter(({ differenceE8 }) => differenceE8 !== 0n);
  const proof =
    wrong.length === 0
      ? "each adds up to the last 1e-8: start, everything that was booked and transfers are the engine's own wallet"
      : wrong.map((account) => `run ${account.run.runId}: ${proofText(account)}`).join("\n");
  const open = accounts.reduce((sum, own) => sum + own.open.length, 0);
  const same = areApart(accounts.map(({ run }) => run))
    ? ""
    : wrapped(
        "Runs of this ledger have lived through the same time: their trades are not independent, and an interval over them is too narrow.",
      );
  return `${table}\n${proof
    .split("\n")
    .map((line) => wrapped(line))
    .join("")}${counted(open, "position")} open at the ends of the runs, whose result is none yet\n${same}`;
}

/** No two runs have lived through the same time. */
function areApart(runs: readonly JournaledRun[]): boolean {
  const periods = runs
    .flatMap(({ firstMs, lastMs }) => (firstMs === null || lastMs === null ? [] : [{ firstMs, lastMs }]))
    .sort((a, b) => a.firstMs - b.firstMs);
  return periods.every(({ lastMs }, at) => lastMs < (periods[at + 1]?.firstMs ?? Number.POSITIVE_INFINITY));
}
