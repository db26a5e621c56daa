import type { SymbolId } from "@smcq/kernel";
import type { AccountListener, Income } from "../trading/account.ts";
import type { Fill, OrderRequest, OrderUpdate } from "../trading/orders.ts";

const ENDED: ReadonlySet<string> = new Set(["filled", "canceled", "expired", "rejected", "finished"]);

/**
 * Hears an account and writes down what it breaks, whatever the case is about: quantities that go back, trades told
 * twice under other ids, words after an end, trades of the wrong side or symbol.
 */
export class AccountRecord implements AccountListener {
  readonly updates: OrderUpdate[] = [];
  readonly incomes: Income[] = [];
  readonly leverages: string[] = [];
  readonly faults: string[] = [];
  readonly #requests = new Map<string, OrderRequest>();
  readonly #fills = new Map<string, Fill>();
  readonly #said = new Set<string>();
  readonly #ended = new Set<string>();
  readonly #cumSteps = new Map<string, number>();
  #words = 0;

  /** This order is ours from now on. */
  expect(request: OrderRequest): void {
    this.#requests.set(request.clientOrderId, request);
  }

  /** Words heard so far, of any kind. */
  get words(): number {
    return this.#words;
  }

  onOrder(update: OrderUpdate): void {
    this.#word();
    const text = JSON.stringify(update, (_, value: unknown) =>
      typeof value === "bigint" ? `${value}` : value,
    );
    // The same word may be said twice.
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.updates.push(update);
    this.#judge(update);
    if (update.fill !== null) this.#judgeFill(update.fill, update);
  }

  onIncome(income: Income): void {
    this.#word();
    if (this.incomes.some(({ incomeId }) => incomeId === income.incomeId)) return;
    this.incomes.push(income);
  }

  onLeverage(symbolId: SymbolId, leverage: number): void {
    this.#word();
    this.leverages.push(`${symbolId}:${leverage}`);
  }

  onStream(isLive: boolean): void {
    this.#words++;
    if (this.#words === 1 && !isLive) this.faults.push("the first word is that the stream is not live");
  }

  /** The trades of an order, each once. */
  fillsOf(clientOrderId: string): readonly Fill[] {
    return [...this.#fills.values()].filter((fill) => fill.clientOrderId === clientOrderId);
  }

  fills(symbolId: SymbolId): readonly Fill[] {
    return [...this.#fills.values()].filter((fill) => fill.symbolId === symbolId);
  }

  filledSteps(clientOrderId: string): number {
    return this.fillsOf(clientOrderId).reduce((sum, { qtySteps }) => sum + qtySteps, 0);
  }

  /** The last word about an order; null: none. */
  statusOf(clientOrderId: string): OrderUpdate["status"] | null {
    return this.updates.findLast((update) => update.clientOrderId === clientOrderId)?.status ?? null;
  }

  hasEnded(clientOrderId: string): boolean {
    return this.#ended.has(clientOrderId);
  }

  /** Signed steps that the trades of a symbol add up to. */
  heldSteps(symbolId: SymbolId): number {
    return this.fills(symbolId).reduce((sum, { side, qtySteps }) => sum + side * qtySteps, 0);
  }

  #word(): void {
    if (this.#words++ === 0) this.faults.push("the first word is not that the stream is live");
  }

  #judge({ clientOrderId, symbolId, cumQtySteps, status }: OrderUpdate): void {
    const request = this.#requests.get(clientOrderId);
    if (request === undefined) return;
    const before = this.#cumSteps.get(clientOrderId) ?? 0;
    if (request.symbolId !== symbolId) this.faults.push(`${clientOrderId} is told of symbol ${symbolId}`);
    if (cumQtySteps < before) this.faults.push(`${clientOrderId} goes back from ${before} to ${cumQtySteps}`);
    if (cumQtySteps > request.qtySteps)
      this.faults.push(`${clientOrderId} fills ${cumQtySteps}, more than it asked`);
    if (this.#ended.has(clientOrderId)) this.faults.push(`${clientOrderId} says ${status} after its end`);
    this.#cumSteps.set(clientOrderId, Math.max(before, cumQtySteps));
    if (ENDED.has(status)) this.#ended.add(clientOrderId);
  }

  #judgeFill(fill: Fill, update: OrderUpdate): void {
    const key = `${fill.symbolId}:${fill.tradeId}`;
    if (this.#fills.has(key)) this.faults.push(`trade ${key} is told with two meanings`);
    this.#fills.set(key, fill);
    const request = this.#requests.get(fill.clientOrderId);
    if (fill.clientOrderId !== update.clientOrderId || fill.symbolId !== update.symbolId)
      this.faults.push(`trade ${key} is told in another order's word`);
    if (fill.qtySteps <= 0) this.faults.push(`trade ${key} has no quantity`);
    if (request === undefined) return;
    if (request.side !== fill.side) this.faults.push(`trade ${key} has the other side`);
    if (this.filledSteps(fill.clientOrderId) > update.cumQtySteps)
      this.faults.push(`${fill.clientOrderId} has more trades than it says`);
  }
}
