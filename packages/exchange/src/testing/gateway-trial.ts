import { assert, present, priceTicks, qtySteps, type SymbolId } from "@smcq/kernel";
import { approve } from "../approval.ts";
import type { AccountAnswer, AccountQuery } from "../trading/account.ts";
import {
  type LimitOrder,
  type MarketOrder,
  type OrderRequest,
  type OrderSide,
  type Outcome,
  REFUSALS,
  type StopMarketOrder,
} from "../trading/orders.ts";
import { AccountRecord } from "./account-record.ts";
import type { GatewayHarness, HarnessSymbol } from "./gateway-harness.ts";

type AnswerOf<T extends AccountQuery["type"]> = Extract<AccountAnswer, { readonly type: T }>;

/** A case in progress: short ways to order and ask, everything awaited, everything that was heard. */
export class GatewayTrial {
  readonly harness: GatewayHarness;
  readonly record: AccountRecord = new AccountRecord();
  #orders = 0;

  constructor(harness: GatewayHarness) {
    this.harness = harness;
    harness.stream.listen(this.record);
  }

  symbol(index = 0): HarnessSymbol {
    return present(this.harness.symbols[index], "Invariant: the harness has this symbol");
  }

  /** Steps of a small order that the venue takes: ten times its least notional. */
  steps(index = 0): number {
    const { rules, symbolId } = this.symbol(index);
    const price = this.harness.lastTicks(symbolId) * rules.tickSize;
    return Math.max(rules.minQtySteps, Math.ceil((10 * rules.minNotional) / (price * rules.stepSize)));
  }

  market(
    side: OrderSide,
    steps: number,
    options: { readonly isReduceOnly?: boolean; readonly index?: number } = {},
  ): MarketOrder {
    const isReduceOnly = options.isReduceOnly ?? false;
    return {
      ...this.#base(side, steps, options.index ?? 0),
      type: "market",
      role: isReduceOnly ? "exit" : "entry",
      isReduceOnly,
    };
  }

  /** Its price lies `ticks` from the last one. */
  limit(side: OrderSide, steps: number, ticks: number, options: Partial<LimitOrder> = {}): LimitOrder {
    const price = this.harness.lastTicks(this.symbol().symbolId) + ticks;
    const base = this.#base(side, steps, 0);
    return {
      ...base,
      type: "limit",
      role: "entry",
      isReduceOnly: false,
      timeInForce: "GTC",
      priceTicks: priceTicks(price),
      ...options,
    };
  }

  /** Its trigger lies `ticks` from the last price. */
  stop(side: OrderSide, steps: number, ticks: number): StopMarketOrder {
    const price = this.harness.lastTicks(this.symbol().symbolId) + ticks;
    const base = this.#base(side, steps, 0);
    return {
      ...base,
      type: "stop-market",
      role: "stop",
      isReduceOnly: true,
      triggerTicks: priceTicks(price),
      workingType: "last",
    };
  }

  /** Submits, waits until everything is told, and returns the one outcome. */
  async submit(order: OrderRequest): Promise<Outcome> {
    this.record.expect(order);
    return this.#outcome((onOutcome) => this.harness.gateway.submit(approve(order), onOutcome));
  }

  async acked(order: OrderRequest): Promise<string> {
    const outcome = await this.submit(order);
    assert(outcome.type === "acked", `Invariant: ${order.clientOrderId} is acked (${textOf(outcome)})`);
    assert(outcome.orderId !== "", "Invariant: an order that is acked has the venue's id");
    return outcome.orderId;
  }

  /** It is refused with one of these codes, nothing is told of it, and the venue knows nothing of it. */
  async refused(order: OrderRequest, ...codes: readonly string[]): Promise<void> {
    const outcome = await this.submit(order);
    this.assertRefused(outcome, ...codes);
    assert(
      this.record.statusOf(order.clientOrderId) === null,
      "Invariant: nothing is told of an order that was refused",
    );
  }

  assertRefused(outcome: Outcome, ...codes: readonly string[]): void {
    assert(
      outcome.type === "refused",
      `Invariant: it is refused with ${codes.join(" or ")} (${textOf(outcome)})`,
    );
    assert(REFUSALS.includes(outcome.code), "Invariant: a refusal's code is one of the closed list");
    assert(codes.includes(outcome.code), `Invariant: the code is ${codes.join(" or ")} (${textOf(outcome)})`);
  }

  async cancel(order: OrderRequest, isAlgo: boolean = order.type === "stop-market"): Promise<Outcome> {
    const { symbolId, clientOrderId } = order;
    return this.#outcome((onOutcome) =>
      this.harness.gateway.cancel({ symbolId, clientOrderId, isAlgo }, onOutcome),
    );
  }

  async setLeverage(leverage: number): Promise<Outcome> {
    const { symbolId } = this.symbol();
    return this.#outcome((onOutcome) => this.harness.gateway.setLeverage(symbolId, leverage, onOutcome));
  }

  async setMarginType(marginType: "isolated" | "cross"): Promise<Outcome> {
    const { symbolId } = this.symbol();
    return this.#outcome((onOutcome) => this.harness.gateway.setMarginType(symbolId, marginType, onOutcome));
  }

  /** Asks, waits until everything is told, and returns the one answer. */
  async ask<T extends AccountQuery["type"]>(
    query: Extract<AccountQuery, { readonly type: T }>,
  ): Promise<AnswerOf<T>> {
    const answers: AccountAnswer[] = [];
    const fromMs = this.harness.nowMs();
    this.harness.data.ask(query, (answer) => answers.push(answer));
    const untilMs = this.harness.nowMs();
    await this.harness.settle();
    assert(answers.length === 1, `Invariant: a question has one answer (${answers.length})`);
    const [answer] = answers;
    assert(answer?.type === query.type, `Invariant: ${query.type} is answered (${answer?.type})`);
    assert(answer.query === query, "Invariant: an answer names its question");
    assert(
      answer.askedMs >= fromMs && answer.askedMs <= untilMs,
      "Invariant: an answer says when it was asked for",
    );
    return answer as AnswerOf<T>;
  }

  /** Moves the first symbol by `ticks` and waits until everything is told. */
  async move(ticks: number): Promise<void> {
    const { symbolId } = this.symbol();
    await this.harness.move(symbolId, this.harness.lastTicks(symbolId) + ticks);
    await this.harness.settle();
  }

  /** The position of a symbol as the venue states it; 0: none. */
  async statedSteps(symbolId: SymbolId): Promise<number> {
    const { positions } = await this.ask({ type: "positions" });
    return positions.find((position) => position.symbolId === symbolId)?.qtySteps ?? 0;
  }

  /** The venue's positions, wallet and trades are what the stream has told. */
  async assertAgrees(): Promise<void> {
    for (const { symbolId } of this.harness.symbols) {
      const stated = await this.statedSteps(symbolId);
      const held = this.record.heldSteps(symbolId);
      assert(stated === held, `Invariant: the position is the sum of the trades told (${stated}, ${held})`);
      const { fills } = await this.ask({ type: "trades", symbolId, sinceMs: 0 });
      const told = this.record.fills(symbolId);
      assert(
        listOf(fills) === listOf(told),
        `Invariant: the trades that are asked for are those that were told (${fills.length}, ${told.length})`,
      );
    }
    const { walletE8 } = await this.ask({ type: "wallet" });
    const { rows } = await this.ask({ type: "income", sinceMs: 0 });
    const bookedE8 = rows.reduce((sum, { amountE8 }) => sum + amountE8, this.harness.startWalletE8);
    assert(
      walletE8 === bookedE8,
      `Invariant: the wallet is its start and every line (${walletE8}, ${bookedE8})`,
    );
    const toldE8 = this.record.incomes.reduce((sum, { amountE8 }) => sum + amountE8, 0n);
    const ownE8 = rows
      .filter(({ type }) => type !== "realised" && type !== "commission")
      .reduce((sum, { amountE8 }) => sum + amountE8, 0n);
    assert(toldE8 === ownE8, "Invariant: each payment that is no trade's is told");
    const feesE8 = this.harness.symbols
      .flatMap(({ symbolId }) => this.record.fills(symbolId))
      .reduce((sum, { feeE8 }) => sum + feeE8, 0n);
    const chargedE8 = rows
      .filter(({ type }) => type === "commission")
      .reduce((sum, { amountE8 }) => sum - amountE8, 0n);
    assert(
      feesE8 === chargedE8,
      `Invariant: trades tell the commission that is charged (${feesE8}, ${chargedE8})`,
    );
  }

  async #outcome(call: (onOutcome: (outcome: Outcome) => void) => void): Promise<Outcome> {
    const outcomes: Outcome[] = [];
    call((outcome) => outcomes.push(outcome));
    await this.harness.settle();
    const [outcome] = outcomes;
    assert(
      outcomes.length === 1 && outcome !== undefined,
      `Invariant: a call has one outcome (${outcomes.length})`,
    );
    return outcome;
  }

  #base(side: OrderSide, steps: number, index: number): Omit<MarketOrder, "type" | "role" | "isReduceOnly"> {
    const { symbolId, symbol } = this.symbol(index);
    return { clientOrderId: `confE${++this.#orders}-0`, symbolId, symbol, side, qtySteps: qtySteps(steps) };
  }
}

function textOf(outcome: Outcome): string {
  return outcome.type === "refused" ? `${outcome.code}: ${outcome.text}` : outcome.type;
}

function listOf(fills: readonly object[]): string {
  const text = (fill: object): string =>
    JSON.stringify(fill, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
  return fills
    .map((fill) => text(Object.fromEntries(Object.entries(fill).sort(([a], [b]) => (a < b ? -1 : 1)))))
    .sort()
    .join("\n");
}
