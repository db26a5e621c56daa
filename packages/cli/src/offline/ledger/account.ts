import { e8Text } from "@smcq/kernel";
import type { Booked, JournaledRun, OpenPosition, RecordReader, ToldWallet } from "@smcq/ledger";

/** The money of a run from its first wallet to its last, exact. USDT e8. */
export interface Account {
  readonly run: JournaledRun;
  readonly startE8: bigint;
  readonly booked: Booked;
  /** Net of closed trades. */
  readonly tradesE8: bigint;
  /** What fills and funding of symbols that are held at the end have brought beside their closed trades. */
  readonly openE8: bigint;
  /** What fills and funding have brought that is neither: paid after a trade's end, or of no symbol. */
  readonly looseE8: bigint;
  /** The start and everything that was booked. */
  readonly endE8: bigint;
  /** The wallet by the core's own word; null: no minute has closed. */
  readonly told: ToldWallet | null;
  /** The core's word less what had been booked until then: 0, or the ledger contradicts itself. */
  readonly differenceE8: bigint;
  /** Booked since the core's word. */
  readonly sinceToldE8: bigint;
  readonly open: readonly OpenPosition[];
}

export function accountOf(reader: RecordReader, run: JournaledRun): Account {
  const { runKey } = run;
  const startE8 = run.options.trading?.startWalletE8 ?? 0n;
  const booked = reader.booked(runKey);
  const endE8 = startE8 + sumOf(booked);
  const told = reader.toldWallet(runKey);
  const thenE8 = told === null ? endE8 : startE8 + sumOf(reader.booked(runKey, told.seq));
  const open = reader.openPositions(runKey);
  const isHeld = new Set(open.map(({ symbol }) => symbol));
  let [tradesE8, openE8] = [0n, 0n];
  for (const money of reader.moneyOfSymbols(runKey)) {
    tradesE8 += money.tradesE8;
    if (isHeld.has(money.symbol)) openE8 += money.bookedE8 - money.tradesE8;
  }
  return {
    run,
    startE8,
    booked,
    tradesE8,
    openE8,
    looseE8: booked.realisedE8 - booked.feesE8 + booked.fundingE8 - tradesE8 - openE8,
    endE8,
    told,
    differenceE8: told === null ? 0n : told.walletE8 - thenE8,
    sinceToldE8: endE8 - thenE8,
    open,
  };
}

function sumOf(booked: Booked): bigint {
  const { realisedE8, feesE8, feesElsewhereE8, fundingE8, transfersE8, liquidationE8, otherE8 } = booked;
  return realisedE8 - feesE8 + feesElsewhereE8 + fundingE8 + transfersE8 + liquidationE8 + otherE8;
}

/** The lines of an account that add up to its last one; those of nothing are left out of all but the first and the last. */
export function accountLines(account: Account): readonly (readonly [name: string, valueE8: bigint])[] {
  const { feesElsewhereE8, transfersE8, liquidationE8, otherE8 } = account.booked;
  const between = [
    ["closed trades, net", account.tradesE8],
    ["open positions, booked so far", account.openE8],
    ["fees, results and funding of no trade", account.looseE8],
    ["fees that other assets' balances paid", feesElsewhereE8],
    ["liquidation fees, insurance fund", liquidationE8],
    ["other payments", otherE8],
    ["transfers", transfersE8],
  ] as const;
  return [
    ["start wallet", account.startE8],
    ...between.filter(([name, valueE8]) => valueE8 !== 0n || name === "closed trades, net"),
    ["end wallet", account.endE8],
  ];
}

/** An account for programs: money as decimal text. */
export function accountData(account: Account): Readonly<Record<string, unknown>> {
  const { run, booked, told } = account;
  return {
    run: run.runId,
    start: e8Text(account.startE8),
    priceResults: e8Text(booked.realisedE8),
    fees: e8Text(booked.feesE8),
    feesPaidElsewhere: e8Text(booked.feesElsewhereE8),
    funding: e8Text(booked.fundingE8),
    liquidation: e8Text(booked.liquidationE8),
    other: e8Text(booked.otherE8),
    transfers: e8Text(booked.transfersE8),
    closedTrades: e8Text(account.tradesE8),
    openPositions: e8Text(account.openE8),
    ofNoTrade: e8Text(account.looseE8),
    end: e8Text(account.endE8),
    told: told === null ? null : e8Text(told.walletE8),
    difference: e8Text(account.differenceE8),
    isWhole: account.differenceE8 === 0n,
  };
}
