import type {
  JournaledRun,
  RecordReader,
  StoredDecision,
  StoredFill,
  StoredIncome,
  StoredOrder,
  StoredTrade,
} from "@smcq/ledger";
import { heldAt } from "./moment.ts";

/**
 * `mixed`: somebody else had traded the symbol meanwhile, and its fills are counted in the trade of what was adopted
 * (docs/trading.md 5).
 */
export type Became = "closed" | "failed" | "open" | "under way" | "mixed";

/** What became of an approved entry. */
export interface Aftermath {
  readonly became: Became;
  readonly tradeId: number | null;
  /** Why it came to nothing. */
  readonly failure: string | null;
  /** Null: it is not closed. */
  readonly trade: StoredTrade | null;
  readonly orders: readonly StoredOrder[];
  /** Its own fills, and those of others while it was held. */
  readonly fills: readonly StoredFill[];
  readonly funding: readonly StoredIncome[];
}

interface EntryFailed {
  readonly tradeId: number;
  readonly reason: string;
}

/** Follows an approval to its orders, fills and last cent; what the journal does not tell of yet is left open. */
export function aftermathOf(reader: RecordReader, run: JournaledRun, decision: StoredDecision): Aftermath {
  const { runKey, options } = run;
  const { symbol, timeMs } = decision;
  const engineId = options.trading?.engineId ?? "";
  const own = reader.orders(runKey, symbol);
  const trade = tradeOf(reader, run, decision);
  const failed = trade === null ? failureOf(reader, run, decision) : null;
  const entry = own.find((order) => order.role === "entry" && order.sentMs >= timeMs);
  const tradeId = trade?.tradeId ?? failed?.tradeId ?? intentOf(engineId, entry?.clientOrderId ?? "");
  const orders = own.filter(
    ({ clientOrderId }) => tradeId !== null && intentOf(engineId, clientOrderId) === tradeId,
  );
  const ids = new Set(orders.map(({ clientOrderId }) => clientOrderId));
  const told = reader.fills(runKey, symbol);
  const filledMs = told.find(({ clientOrderId }) => ids.has(clientOrderId))?.timeMs ?? null;
  const held = heldAt(told, () => true);
  const became = becameOf({
    isClosed: trade !== null,
    isFailed: failed !== null,
    isFilled: filledMs !== null,
    isHeld: held !== null && ids.has(held.clientOrderId),
  });
  // From its own first fill on until it is over.
  const isInside = (atMs: number): boolean =>
    (became === "closed" || became === "open") &&
    filledMs !== null &&
    atMs >= filledMs &&
    atMs <= (trade?.exitMs ?? atMs);
  const fills = told.filter(
    ({ clientOrderId, timeMs: atMs }) =>
      ids.has(clientOrderId) || (intentOf(engineId, clientOrderId) === null && isInside(atMs)),
  );
  const funding = reader
    .income(runKey, symbol)
    .filter((row) => row.type === "funding" && isInside(row.timeMs));
  const failure = failed?.reason ?? null;
  return { became, tradeId, failure, trade, orders, fills, funding };
}

function becameOf(is: {
  readonly isClosed: boolean;
  readonly isFailed: boolean;
  readonly isFilled: boolean;
  readonly isHeld: boolean;
}): Became {
  if (is.isClosed) return "closed";
  if (is.isFailed) return "failed";
  if (!is.isFilled) return "under way";
  return is.isHeld ? "open" : "mixed";
}

/** The trade that the decision led to: closed trades know when their signal was decided on. */
function tradeOf(reader: RecordReader, run: JournaledRun, decision: StoredDecision): StoredTrade | null {
  const filter = { runKey: run.runKey, symbol: decision.symbol, kind: null, limit: Number.MAX_SAFE_INTEGER };
  const trades = reader.trades({ ...filter, sinceMs: decision.timeMs, untilMs: null }).rows;
  return trades.find(({ signalMs, setup }) => signalMs === decision.timeMs && setup !== 0) ?? null;
}

/** The first entry of the symbol that came to nothing after the decision, and before the next approval. */
function failureOf(reader: RecordReader, run: JournaledRun, decision: StoredDecision): EntryFailed | null {
  const filter = { runKey: run.runKey, symbol: decision.symbol, kind: "APPROVED" };
  const approvals = reader.decisions({
    ...filter,
    limit: Number.MAX_SAFE_INTEGER,
    sinceMs: decision.timeMs,
    untilMs: null,
  }).rows;
  const next = approvals.find(({ seq }) => seq > decision.seq)?.seq ?? Number.MAX_SAFE_INTEGER;
  const failed = reader
    .incidents(run.runKey, "entry-failed")
    .find(({ symbol, seq }) => symbol === decision.symbol && seq >= decision.seq && seq <= next);
  return failed === undefined ? null : (failed.detail as EntryFailed);
}

/** The number of the intent in a client order id of ours (docs/trading.md 5); null for ids of others. */
function intentOf(engineId: string, clientOrderId: string): number | null {
  if (!clientOrderId.startsWith(engineId)) return null;
  const intent = /^[ESTXA]([0-9a-z]+)-\d+$/.exec(clientOrderId.slice(engineId.length))?.[1];
  return intent === undefined ? null : Number.parseInt(intent, 36);
}
