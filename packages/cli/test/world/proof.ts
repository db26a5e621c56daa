import { DatabaseSync } from "node:sqlite";
import { compareTables, ledgerFile, verifyJournal } from "@smcq/ledger";
import { JOURNAL_BATCH_ROWS_MAX, LedgerStore } from "../../../ledger/test/support/inside.ts";
import { replayRun } from "../../src/replay/replay-run.ts";
import { runRecord } from "../support/recorded-ledger.ts";
import type { World } from "./world.ts";

/**
 * Puts the journal of a world that is over into a real ledger, and returns what that proves wrong: its chain, its tables, a
 * replay of its run, and its fills and money against the venue's own books. `dataDir` is an empty folder.
 */
export function disproven(world: World, dataDir: string): readonly string[] {
  const file = ledgerFile(dataDir);
  const store = new LedgerStore({ file });
  store.beginRun(runRecord("world"));
  const { rows } = world.disk;
  for (let at = 0; at < rows.length; at += JOURNAL_BATCH_ROWS_MAX)
    store.appendJournal({
      runId: "world",
      rows: rows.slice(at, at + JOURNAL_BATCH_ROWS_MAX),
      isFull: false,
      isAwaited: false,
    });
  store.close();
  const found: string[] = [];
  const chain = verifyJournal(file);
  if (chain.broken !== null) found.push(`the chain breaks at ${JSON.stringify(chain.broken)}`);
  for (const { table, missing, unexpected } of compareTables(file).tables)
    if (missing + unexpected > 0) found.push(`${table}: ${missing} rows missing, ${unexpected} unexpected`);
  const { difference, events } = replayRun(file, "world");
  if (difference !== null) found.push(`replay differs at ${difference.seq} (${difference.kind})`);
  else if (events !== rows.length - 1) found.push(`${events} of ${rows.length - 1} events replayed`);
  return [...found, ...unequalMoney(world, file)];
}

function unequalMoney({ exchange, markets }: World, file: string): readonly string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  const read = (sql: string): readonly bigint[] => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement.all().map((row) => Object.values(row)[0] as bigint);
  };
  const [fills = 0n] = read("SELECT count(*) FROM fills WHERE trade_id NOT LIKE 'unexplained%'");
  const [feesE8 = 0n] = read("SELECT coalesce(sum(fee_e8), 0) FROM fills");
  const [incomeE8 = 0n] = read("SELECT coalesce(sum(amount_e8), 0) FROM income");
  const pnls = read("SELECT pnl_e8 FROM trades");
  db.close();
  const venueFills = markets.flatMap(({ id }) => exchange.trades(id, 0)).length;
  const rows = exchange.income(0);
  const paid = (types: readonly string[]): bigint =>
    rows.reduce((sum, { type, amountE8 }) => (types.includes(type) ? sum + amountE8 : sum), 0n);
  const found: string[] = [];
  const hold = (what: string, ours: bigint, theirs: bigint): void => {
    if (ours !== theirs) found.push(`${what}: ours ${ours}, the venue's ${theirs}`);
  };
  hold("fills", fills, BigInt(venueFills));
  hold("fees", -feesE8, paid(["commission"]));
  hold(
    "payments",
    incomeE8,
    rows.reduce((sum, { amountE8 }) => sum + amountE8, 0n) - paid(["realised", "commission"]),
  );
  hold(
    "trades",
    pnls.reduce((sum, pnlE8) => sum + pnlE8, 0n),
    paid(["realised", "commission", "funding"]),
  );
  return found;
}
