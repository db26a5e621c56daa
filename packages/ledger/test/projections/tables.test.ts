import { symbolId } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { CoreDriver } from "../../../engine/test/support/core-driver.ts";
import { START_E8 } from "../../../engine/test/support/fixtures.ts";
import { compareTables, PROJECTION_TABLES, rewriteTables, verifyJournal } from "../../src/index.ts";
import { money } from "../../src/projections/money.ts";
import { fileOf, hostileRun, randomDay, type Recorded } from "../support/journaled.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const RUNS = 12;

type Row = Record<string, unknown>;

function query(file: string, sql: string): Row[] {
  const db = new SqliteDatabase(file, { readonly: true });
  try {
    return db.prepare<[], Row>(sql).safeIntegers().all();
  } finally {
    db.close();
  }
}

function change(file: string, sql: string): void {
  const db = new SqliteDatabase(file);
  db.exec(sql);
  db.close();
}

/** What the core said, of one kind. */
function said<T extends string>(
  recorded: readonly Recorded[],
  type: T,
): Extract<Recorded["commands"][number], { type: T }>[] {
  return recorded.flatMap(({ commands }) =>
    commands.filter((one): one is Extract<typeof one, { type: T }> => one.type === type),
  );
}

/** The wallet as the tables add it up. */
const WALLET = `SELECT
  (SELECT coalesce(sum(realised_e8 - fee_e8), 0) FROM fills) + (SELECT coalesce(sum(amount_e8), 0) FROM income) AS e8`;

describe("the tables", () => {
  it("tell a trade anew when a payment of it is told late (AC17), and what it was before in a row of its own", () => {
    const recorded: Recorded[] = [];
    const driver = new CoreDriver(1, {}, { onTurn: (event, commands) => recorded.push({ event, commands }) });
    driver.guard();
    driver.nowMs += 60_000;
    driver.put({ type: "operator", word: "flatten" });
    driver.end("target");
    driver.fill("exit");
    const [trade] = driver.trades;
    const paid = { incomeId: "late", symbolId: symbolId(0), amountE8: -100n, timeMs: driver.nowMs };
    driver.put({ type: "income", income: { ...paid, type: "funding" } });
    const file = fileOf({ r1: recorded });
    expect(query(file, "SELECT funding_e8, pnl_e8 FROM trades")).toEqual([
      { funding_e8: -100n, pnl_e8: (trade?.pnlE8 ?? 0n) - 100n },
    ]);
    expect(query(file, "SELECT count(*) AS n FROM incidents WHERE kind = 'trade-corrected'")).toEqual([
      { n: 1n },
    ]);
    expect(query(file, "SELECT sum(pnl_e8) AS e8 FROM trades")).toEqual(query(file, WALLET));
    expect(compareTables(file)).toMatchObject({ isEqual: true });
  });

  it("tell a trade anew when what closed it is told late, with its price, its time and why", () => {
    const recorded: Recorded[] = [];
    const driver = new CoreDriver(1, {}, { onTurn: (event, commands) => recorded.push({ event, commands }) });
    driver.guard();
    const { fill } = driver.update("stop", { ticks: 9_937 });
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.answerTrades();
    driver.wait(2_000);
    driver.answerPositions(0);
    driver.answerTrades(fill);
    const [told] = driver.corrected;
    const file = fileOf({ r1: recorded });
    expect(query(file, "SELECT reason, exit_ms, exit_price, stop_slippage FROM trades")).toEqual([
      {
        reason: "stop",
        exit_ms: fill?.timeMs,
        exit_price: told?.exitPrice,
        stop_slippage: told?.stopSlippage,
      },
    ]);
    expect(compareTables(file)).toMatchObject({ isEqual: true });
  });

  it("hold every order, trade and decision, and add up to the wallet to the last unit", () => {
    for (let round = 0; round < RUNS; round++) {
      const day = randomDay(SEED + round, 30);
      const file = fileOf({ r1: day });
      const orders = said(day, "submit").map(({ order }) => order.value.clientOrderId);
      const stored = query(
        file,
        "SELECT client_order_id AS id FROM orders UNION ALL SELECT client_order_id FROM algo_orders",
      );
      expect(stored.map(({ id }) => String(id)).toSorted()).toEqual(orders.toSorted());
      const trades = said(day, "trade-closed").map(({ trade }) => [
        BigInt(trade.tradeId),
        trade.pnlE8,
        trade.reason,
      ]);
      expect(query(file, "SELECT trade_id, pnl_e8, reason FROM trades").map(Object.values)).toEqual(trades);
      const decisions = said(day, "decided").map(({ decision }) => decision.receipt.outcome);
      expect(query(file, "SELECT outcome FROM decisions").map(({ outcome }) => outcome)).toEqual(decisions);
      const refused = decisions.filter((outcome) => outcome !== "APPROVED").length;
      expect(query(file, "SELECT coalesce(sum(count), 0) AS n FROM refusals")[0]?.["n"]).toBe(
        BigInt(refused),
      );
      const last = said(day, "equity").at(-1);
      const [equity] = query(file, "SELECT wallet_e8, equity_e8 FROM equity ORDER BY close_ms DESC LIMIT 1");
      expect(equity).toEqual({ wallet_e8: last?.walletE8, equity_e8: last?.equityE8 });
      expect(query(file, WALLET)[0]?.["e8"]).toBe((last?.walletE8 ?? 0n) - START_E8);
    }
  });

  it("say what became of each order, and never go back", () => {
    const file = fileOf({ r1: randomDay(SEED, 60) });
    const [count] = query(
      file,
      `SELECT sum(outcome = 'refused' AND refusal = 'MARGIN_INSUFFICIENT') AS refused, sum(status = 'filled') AS filled,
       sum(status = 'filled' AND filled_steps <> qty_steps) AS partly, sum(cancel_ms IS NOT NULL) AS cancelled FROM orders`,
    );
    expect(count?.["partly"]).toBe(0n);
    for (const name of ["refused", "filled", "cancelled"])
      expect([name, Number(count?.[name])]).not.toEqual([name, 0]);
    const open = query(file, "SELECT 1 FROM positions WHERE qty_steps <> 0");
    const wrong = query(
      file,
      `SELECT symbol_id FROM positions p WHERE qty_steps <> (SELECT sum(side * qty_steps) FROM fills f
       WHERE f.symbol_id = p.symbol_id)`,
    );
    expect([open.length <= 1, wrong]).toEqual([true, []]);
  });

  it(`hold what the venue's trades say, with words lost, doubled and late (seed ${SEED})`, () => {
    for (let round = 0; round < RUNS; round++) {
      const { recorded, run } = hostileRun(SEED + round, 10);
      expect(run.differences(), `seed ${SEED + round}`).toEqual([]);
      const file = fileOf({ r1: recorded });
      const held = query(
        file,
        "SELECT symbol_id, qty_steps, entry_notional_e8 FROM positions WHERE qty_steps <> 0 ORDER BY symbol_id",
      );
      const wanted = run.core.holdings.portfolio
        .positions()
        .map(({ symbolId, side, qtySteps, entryNotionalE8 }) => ({
          symbol_id: BigInt(symbolId),
          qty_steps: BigInt(side * qtySteps),
          entry_notional_e8: entryNotionalE8,
        }));
      expect(held, `seed ${SEED + round}`).toEqual(wanted);
      expect(START_E8 + (query(file, WALLET)[0]?.["e8"] as bigint), `seed ${SEED + round}`).toBe(
        run.core.holdings.portfolio.walletE8,
      );
      expect(compareTables(file), `seed ${SEED + round}`).toMatchObject({ isEqual: true });
    }
  });

  it("take a trade whose figures are no numbers: a row that cannot be stored would stop all entries", () => {
    const day = randomDay(SEED, 30);
    const [closed] = said(day, "trade-closed");
    if (closed === undefined) throw new Error("no trade was closed");
    const nothing = {
      score: Number.NaN,
      entryPrice: Infinity,
      exitPrice: Number.NaN,
      r: Number.NaN,
      riskRatio: -Infinity,
    };
    const trade = { ...closed.trade, ...nothing };
    const event = { type: "time", nowMs: 1, nowNs: 1 } as const;
    const file = fileOf({ r1: [{ event, commands: [{ type: "trade-closed", trade }] }] });
    expect(query(file, "SELECT score, entry_price, exit_price, r, risk_ratio FROM trades")).toEqual([
      { score: null, entry_price: null, exit_price: null, r: null, risk_ratio: null },
    ]);
  });

  it("keep money that fits into 64 bits, and refuse what does not", () => {
    expect(money(2n ** 63n - 1n)).toBe(9_223_372_036_854_775_807n);
    expect(money(-(2n ** 63n))).toBe(-9_223_372_036_854_775_808n);
    for (const value of [2n ** 63n, -(2n ** 63n) - 1n])
      expect(() => money(value)).toThrow("money fits into 64 bits");
  });
});

describe("made again from the journal", () => {
  const runs = (): string => fileOf({ r1: randomDay(SEED, 30), r2: hostileRun(SEED, 5).recorded });

  it("are equal to themselves, run by run", () => {
    const file = runs();
    const { isEqual, tables, journalRows } = compareTables(file);
    expect(isEqual).toBe(true);
    expect(journalRows).toBe(verifyJournal(file).rows);
    expect(tables.map(({ table }) => table)).toEqual([...PROJECTION_TABLES]);
    expect(tables.filter(({ rows }) => rows === 0)).toEqual([]);
  });

  it("name the table that was changed, and are put right by writing", () => {
    const file = runs();
    const { head } = verifyJournal(file);
    change(
      file,
      "UPDATE trades SET pnl_e8 = pnl_e8 + 1 WHERE seq = (SELECT min(seq) FROM trades WHERE run_key = 1)",
    );
    change(file, "DELETE FROM fills WHERE trade_id = '1' AND run_key = 1");
    change(file, "INSERT INTO equity VALUES (1, 1, 1, 1)");
    const { isEqual, tables } = compareTables(file);
    expect(isEqual).toBe(false);
    const wrong = tables.filter(({ missing, unexpected }) => missing + unexpected > 0);
    expect(wrong.map(({ table, missing, unexpected }) => [table, missing, unexpected])).toEqual([
      ["fills", 1, 0],
      ["trades", 1, 1],
      ["equity", 0, 1],
    ]);
    expect(compareTables(file).isEqual).toBe(false);
    expect(rewriteTables(file).isEqual).toBe(false);
    expect(compareTables(file).isEqual).toBe(true);
    expect(verifyJournal(file)).toMatchObject({ broken: null, head });
  });
});
