import type {
  AccountAnswer,
  AccountQuery,
  Fill,
  IncomeRow,
  OrderRequest,
  OrderStatus,
  Outcome,
  Refusal,
} from "@smcq/exchange";
import { parseE8, priceTicks, qtySteps, type Rng, type SymbolId } from "@smcq/kernel";
import { Portfolio } from "@smcq/portfolio";
import type { EngineInput } from "../../src/index.ts";
import { rulesOf, START_E8 } from "./fixtures.ts";

interface Live {
  readonly order: OrderRequest;
  filled: number;
}

interface Message {
  readonly dueMs: number;
  readonly input: EngineInput;
}

/** What the venue keeps of an order for ever. */
interface Known {
  readonly symbolId: SymbolId;
  status: OrderStatus;
  cum: number;
  /** Nobody who asks sees it before. */
  readonly visibleMs: number;
}

const REFUSALS: readonly Refusal[] = ["TOO_MANY_ORDERS", "WOULD_TRIGGER", "MARGIN_INSUFFICIENT", "LOT_SIZE"];
/** Later than so an order does not arrive: its receive window. */
const WINDOW_MS = 2_000;
const STEP_E8 = 100_000n;

/**
 * A venue that keeps to its books and to nothing else. While it is hostile it refuses, loses outcomes before and after it
 * has taken an order, loses, doubles, delays and reorders its words, goes silent, hides stops that it has acked, and others trade in the account:
 * persons, deleveragings, liquidations. What it is asked it answers late, sometimes not, sometimes with an empty list;
 * what it answers besides is true of the moment at which it was asked.
 */
export class HostileVenue {
  readonly live = new Map<string, Live>();
  readonly held = new Map<SymbolId, number>();
  /** Misbehaves at all: without it only delays and partial fills are left. */
  isHostile = true;
  /** Executes nothing that rests, and nobody else trades. */
  isQuiet = false;
  /** What all trades and payments have moved, USDT e8: bought for, sold for, fees, funding. */
  cashE8 = 0n;
  readonly #rng: Rng;
  readonly #symbols: readonly SymbolId[];
  readonly #known = new Map<string, Known>();
  readonly #fills: Fill[] = [];
  readonly #income: IncomeRow[] = [];
  readonly #account = new Portfolio(START_E8);
  #arriving: { readonly dueMs: number; readonly order: OrderRequest }[] = [];
  #stream: Message[] = [];
  #replies: Message[] = [];
  #streamMs = 0;
  #darkUntilMs = 0;
  #isDark = false;
  #lastLieMs = 0;
  #ids = 0;

  constructor(rng: Rng, symbols: readonly SymbolId[]) {
    this.#rng = rng;
    this.#symbols = symbols;
    for (const symbolId of symbols) this.#account.setRules(symbolId, rulesOf());
  }

  /** Live orders of a kind in a symbol which can be seen. */
  resting(symbolId: SymbolId, type: OrderRequest["type"], nowMs: number): readonly OrderRequest[] {
    return [...this.live.values()]
      .map(({ order }) => order)
      .filter((order) => order.symbolId === symbolId && order.type === type)
      .filter((order) => this.#isVisible(order, nowMs));
  }

  /** Nothing that it has said is on its way still. */
  get isSilent(): boolean {
    return this.#stream.length === 0 && this.#replies.length === 0 && this.#arriving.length === 0;
  }

  submit(order: OrderRequest, nowMs: number): void {
    const { clientOrderId } = order;
    const luck = this.isHostile ? this.#rng.next() : 1;
    if ((order.isReduceOnly && this.#room(order) === 0) || luck < 0.08) {
      const code = order.isReduceOnly ? "REDUCE_ONLY_REJECT" : (REFUSALS[this.#rng.int(4)] ?? "LOT_SIZE");
      this.#reply(clientOrderId, { type: "refused", code, text: "" }, nowMs);
      return;
    }
    // It never comes to be, and nobody tells; or only that nobody knows.
    if (luck < 0.11) return;
    const lost: Outcome = { type: "unknown", text: "" };
    if (luck < 0.14) {
      this.#reply(clientOrderId, lost, nowMs);
      return;
    }
    if (luck < 0.2) {
      if (luck < 0.17) this.#reply(clientOrderId, lost, nowMs);
      this.#arriving.push({ dueMs: nowMs + this.#rng.int(WINDOW_MS), order });
      return;
    }
    this.#reply(clientOrderId, { type: "acked", orderId: "1" }, nowMs);
    this.#accept(order, nowMs);
  }

  cancel(clientOrderId: string, nowMs: number): void {
    const live = this.live.get(clientOrderId);
    const isFound = (this.#known.get(clientOrderId)?.visibleMs ?? 0) <= nowMs;
    if (live === undefined || !isFound || (this.isHostile && this.#rng.chance(0.1))) return;
    this.#end(live, "canceled", nowMs);
  }

  /** Mostly it does what it is told, and says so; sometimes it says so in its own word first. */
  setLeverage(symbolId: SymbolId, leverage: number, nowMs: number): void {
    const luck = this.isHostile ? this.#rng.next() : 1;
    if (luck < 0.03) return;
    const outcome: Outcome =
      luck < 0.06
        ? { type: "refused", code: "SETTING_REFUSED", text: "" }
        : luck < 0.09
          ? { type: "unknown", text: "" }
          : { type: "acked", orderId: "" };
    if (luck > 0.5) this.#tell({ type: "leverage", symbolId, leverage }, nowMs);
    else if (luck > 0.48) this.#tell({ type: "leverage", symbolId, leverage: leverage + 1 }, nowMs);
    const input = { type: "leverage-outcome", symbolId, leverage, outcome } as const;
    this.#replies.push({ dueMs: nowMs + this.#rng.int(luck < 0.15 ? 2_500 : 300), input });
  }

  ask(query: AccountQuery, nowMs: number): void {
    const isFailed = this.isHostile && this.#rng.chance(0.15);
    const answer = isFailed
      ? ({ type: "failed", query, askedMs: nowMs, text: "" } as const)
      : this.#answer(query, nowMs);
    this.#replies.push({ dueMs: nowMs + this.#rng.int(1_200), input: { type: "answer", answer } });
  }

  /** Something happens to what rests, or to the account. */
  act(nowMs: number): void {
    const arriving = this.#arriving.filter(({ dueMs }) => dueMs <= nowMs);
    this.#arriving = this.#arriving.filter(({ dueMs }) => dueMs > nowMs);
    for (const { order } of arriving) {
      if (order.isReduceOnly && this.#room(order) === 0) continue;
      this.#accept(order, nowMs);
    }
    this.#goDark(nowMs);
    if (this.isQuiet) return;
    for (const live of this.live.values())
      if (this.#rng.chance(0.01)) {
        if (this.isHostile && this.#rng.chance(0.4)) this.#end(live, "expired", nowMs);
        else this.#execute(live, nowMs);
      }
    if (!this.isHostile) return;
    for (const symbolId of this.#symbols) this.#meddle(symbolId, nowMs);
    if (this.#rng.chance(0.001)) this.#fund(nowMs);
  }

  #fund(timeMs: number): void {
    const symbolId = this.#symbols[this.#rng.int(this.#symbols.length)] ?? null;
    const amountE8 = BigInt(this.#rng.int(200_000_000)) - 100_000_000n;
    const income = { incomeId: `f${++this.#ids}`, type: "funding", symbolId, amountE8, timeMs } as const;
    this.cashE8 += amountE8;
    this.#account.applyIncome(income);
    this.#income.push({ ...income, tradeId: null });
    this.#tell({ type: "income", income }, timeMs);
  }

  /** What has arrived by now, in order of arrival. */
  arrived(nowMs: number): readonly EngineInput[] {
    const due = [...this.#stream, ...this.#replies].filter(({ dueMs }) => dueMs <= nowMs);
    this.#stream = this.#stream.filter(({ dueMs }) => dueMs > nowMs);
    this.#replies = this.#replies.filter(({ dueMs }) => dueMs > nowMs);
    return due.sort((a, b) => a.dueMs - b.dueMs).map(({ input }) => input);
  }

  /** Words get lost for a while, and the listener knows of it. */
  #goDark(nowMs: number): void {
    const isDark = this.isHostile && nowMs < this.#darkUntilMs;
    if (this.isHostile && !isDark && this.#rng.chance(0.0005)) {
      this.#darkUntilMs = nowMs + 2_000 + this.#rng.int(20_000);
      this.#say(false, nowMs);
    } else if (this.#isDark && !isDark) this.#say(true, nowMs);
  }

  #say(isLive: boolean, nowMs: number): void {
    this.#isDark = !isLive;
    this.#replies.push({ dueMs: nowMs, input: { type: "account-stream", isLive } });
  }

  /** Somebody else trades. */
  #meddle(symbolId: SymbolId, nowMs: number): void {
    const held = this.held.get(symbolId) ?? 0;
    const luck = this.#rng.next();
    const part = 1 + this.#rng.int(Math.max(1, Math.abs(held)));
    const id = `web_${++this.#ids}`;
    if (held !== 0 && luck < 0.0008) this.#trade(symbolId, id, -Math.sign(held) * part, nowMs);
    else if (held !== 0 && luck < 0.0012) this.#trade(symbolId, "adl_autoclose", -held, nowMs);
    else if (held !== 0 && luck < 0.0014) this.#trade(symbolId, `autoclose-${id}`, -held, nowMs);
    else if (held !== 0 && luck < 0.0017) this.#trade(symbolId, id, -held - Math.sign(held) * part, nowMs);
    else if (luck < 0.0021) this.#trade(symbolId, id, (this.#rng.chance(0.5) ? 1 : -1) * part, nowMs);
  }

  #trade(symbolId: SymbolId, clientOrderId: string, steps: number, nowMs: number): void {
    const fill = this.#fill({ symbolId, clientOrderId, side: steps > 0 ? 1 : -1 }, Math.abs(steps), nowMs);
    const update = { clientOrderId, symbolId, cumQtySteps: fill.qtySteps, fill, timeMs: nowMs };
    this.#tell({ type: "order-update", update: { ...update, status: "filled" } }, nowMs);
  }

  #answer(query: AccountQuery, askedMs: number): AccountAnswer {
    switch (query.type) {
      case "order": {
        const { clientOrderId, symbolId } = query;
        const known = this.#known.get(clientOrderId);
        if (known === undefined || known.visibleMs > askedMs)
          return { type: "order", query, askedMs, update: null };
        const { status, cum } = known;
        const update = { clientOrderId, symbolId, status, fill: null, timeMs: askedMs };
        return { type: "order", query, askedMs, update: { ...update, cumQtySteps: qtySteps(cum) } };
      }
      case "open-orders": {
        const orders = [...this.live.values()]
          .filter(({ order }) => this.#isVisible(order, askedMs))
          .map(({ order, filled }) => {
            const { role: _role, symbol: _symbol, ...request } = order;
            return { request, orderId: "1", cumQtySteps: qtySteps(filled) };
          });
        return { type: "open-orders", query, askedMs, orders: this.#isLying(askedMs) ? [] : orders };
      }
      case "positions": {
        const positions = [...this.held].flatMap(([symbolId, steps]) =>
          steps === 0
            ? []
            : [{ symbolId, qtySteps: steps, entryPriceE8: parseE8("100"), liquidationPriceE8: null }],
        );
        return { type: "positions", query, askedMs, positions: this.#isLying(askedMs) ? [] : positions };
      }
      case "trades": {
        // The history is behind the positions.
        const untilMs = askedMs - (this.isHostile && this.#rng.chance(0.3) ? this.#rng.int(6_000) : 0);
        const fills = this.#fills.filter(
          ({ symbolId, timeMs }) =>
            symbolId === query.symbolId && timeMs >= query.sinceMs && timeMs <= untilMs,
        );
        return { type: "trades", query, askedMs, fills };
      }
      case "wallet":
        return { type: "wallet", query, askedMs, walletE8: this.#account.walletE8 };
      case "income": {
        const rows = this.#income.filter(({ timeMs }) => timeMs >= query.sinceMs && timeMs <= askedMs);
        return { type: "income", query, askedMs, rows };
      }
      case "limits":
        return { type: "limits", query, askedMs, limits: [] };
      case "settings":
        return { type: "failed", query, askedMs, text: "" };
      default:
        query satisfies never;
        return { type: "failed", query, askedMs, text: "" };
    }
  }

  /** An empty list, never twice in a row. */
  #isLying(nowMs: number): boolean {
    if (!this.isHostile || nowMs < this.#lastLieMs + 60_000 || !this.#rng.chance(0.1)) return false;
    this.#lastLieMs = nowMs;
    return true;
  }

  #isVisible({ clientOrderId }: OrderRequest, nowMs: number): boolean {
    return (this.#known.get(clientOrderId)?.visibleMs ?? 0) <= nowMs;
  }

  /** Steps by which an order that closes may still reduce. */
  #room({ symbolId, side }: OrderRequest): number {
    return Math.max(0, -side * (this.held.get(symbolId) ?? 0));
  }

  #accept(order: OrderRequest, nowMs: number): void {
    const live = { order, filled: 0 };
    this.live.set(order.clientOrderId, live);
    const isHidden = this.isHostile && this.#rng.chance(0.05);
    const hiddenMs = isHidden ? this.#rng.int(order.type === "stop-market" ? 45_000 : 1_000) : 0;
    this.#known.set(order.clientOrderId, {
      symbolId: order.symbolId,
      status: "new",
      cum: 0,
      visibleMs: nowMs + hiddenMs,
    });
    if (hiddenMs < 1_000) this.#tellOf(live, "new", null, nowMs);
    if (order.type === "market") this.#execute(live, nowMs);
  }

  #execute(live: Live, nowMs: number): void {
    const { order } = live;
    const parts = 1 + this.#rng.int(3);
    for (let part = 1; part <= parts; part++) {
      const left = order.qtySteps - live.filled;
      const room = order.isReduceOnly ? Math.min(left, this.#room(order)) : left;
      const steps = part === parts ? room : Math.floor(room * this.#rng.next());
      if (steps === 0) continue;
      live.filled += steps;
      const fill = this.#fill(order, steps, nowMs);
      if (live.filled === order.qtySteps) {
        this.#end(live, order.type === "stop-market" ? "finished" : "filled", nowMs, fill);
        return;
      }
      this.#tellOf(live, "partially-filled", fill, nowMs);
      if (this.isHostile && this.#rng.chance(0.2)) break;
    }
    // A limit order may go on resting; what takes from the book ends.
    if (order.type !== "limit" || this.#room(order) === 0) this.#end(live, "expired", nowMs);
  }

  #fill(order: Pick<Fill, "symbolId" | "clientOrderId" | "side">, steps: number, nowMs: number): Fill {
    const { symbolId, clientOrderId, side } = order;
    const ticks = 9_950 + this.#rng.int(100);
    const valueE8 = BigInt(steps) * BigInt(ticks) * STEP_E8;
    const feeE8 = valueE8 / 2_000n;
    this.cashE8 -= BigInt(side) * valueE8 + feeE8;
    this.held.set(symbolId, (this.held.get(symbolId) ?? 0) + side * steps);
    const fill: Fill = {
      tradeId: String(++this.#ids),
      clientOrderId,
      symbolId,
      side,
      priceTicks: priceTicks(ticks),
      qtySteps: qtySteps(steps),
      feeE8,
      isMaker: false,
      timeMs: nowMs,
    };
    this.#fills.push(fill);
    const amountE8 = this.#account.applyFill(fill)?.realisedE8 ?? 0n;
    const { tradeId } = fill;
    this.#income.push({
      incomeId: `r${tradeId}`,
      type: "realised",
      symbolId,
      amountE8,
      timeMs: nowMs,
      tradeId,
    });
    return fill;
  }

  #end(live: Live, status: OrderStatus, nowMs: number, fill: Fill | null = null): void {
    this.live.delete(live.order.clientOrderId);
    this.#tellOf(live, status, fill, nowMs);
  }

  #tellOf({ order, filled }: Live, status: OrderStatus, fill: Fill | null, nowMs: number): void {
    const { clientOrderId, symbolId } = order;
    const known = this.#known.get(clientOrderId);
    if (known !== undefined) Object.assign(known, { status, cum: filled });
    const cumQtySteps = qtySteps(filled);
    const update = { clientOrderId, symbolId, status, cumQtySteps, fill, timeMs: nowMs };
    this.#tell({ type: "order-update", update }, nowMs);
  }

  /** A word on its way: in order, as long as nothing is wrong. */
  #tell(input: EngineInput, timeMs: number): void {
    this.#streamMs = Math.max(this.#streamMs, timeMs + this.#rng.int(800));
    const dueMs = this.#streamMs;
    if (!this.isHostile) {
      this.#stream.push({ dueMs, input });
      return;
    }
    if (this.#isDark) return;
    const luck = this.#rng.next();
    if (luck < 0.06) return;
    const isLate = luck < 0.16;
    this.#stream.push({ dueMs: isLate ? timeMs + this.#rng.int(8_000) : dueMs, input });
    if (luck > 0.92) this.#stream.push({ dueMs: timeMs + this.#rng.int(20_000), input });
  }

  #reply(clientOrderId: string, outcome: Outcome, nowMs: number): void {
    const dueMs = nowMs + this.#rng.int(1_200);
    this.#replies.push({ dueMs, input: { type: "order-outcome", clientOrderId, outcome } });
  }
}
