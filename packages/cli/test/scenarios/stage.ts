import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { loadConfig } from "@smcq/config";
import {
  Engine,
  NO_JOURNAL,
  type OperatorWord,
  type TradeRecord,
  type TradingCommand,
  type TradingCore,
} from "@smcq/engine";
import { type OrderRequest, type OrderRole, tradingRules } from "@smcq/exchange";
import {
  FaultScript,
  type OrderWish,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  type VenueRules,
  venueRulesAround,
} from "@smcq/exchange-sim";
import { M1_SCALP } from "@smcq/features";
import {
  type Clock,
  ManualClock,
  MINUTE_MS,
  numberToE8,
  parseE8,
  present,
  type SymbolId,
  symbolId,
} from "@smcq/kernel";
import type { Scenario, ScenarioSymbol } from "./scenario.ts";

/** Whole minutes and hours; noon of a UTC day. */
export const START_MS = 1_769_947_200_000;
const STEP_MS = 100;
/** Longer than any word takes where nothing goes wrong. */
const WORD_MS = 500;
const LATENCY = { outMs: 20, backMs: 20, jitterMs: 0 };
const LIMIT_ENTRY = { kind: "limit", offsetAtr: 0.1, expiryBars: 5 } as const;
/** Before its first print a symbol cannot be ordered. */
const FLAT: ScenarioSymbol = { prices: [[0, 100]] };

/** What a market of the stage is. */
export interface Market {
  readonly id: SymbolId;
  readonly symbol: string;
  readonly says: ScenarioSymbol;
}

/**
 * The real loop, core, gateway and venue in virtual time, with everything that happened written down. Somebody else does
 * the deeds; what must hold after every event is judged here.
 */
export class Stage {
  readonly core: TradingCore;
  readonly exchange: SimExchange;
  readonly script: FaultScript;
  readonly gateway: SimGateway;
  readonly markets: readonly Market[];
  readonly trades: TradeRecord[] = [];
  readonly sent: OrderRequest[] = [];
  readonly failures: string[] = [];
  readonly decisions: string[] = [];
  readonly states: string[] = [];
  /** What did not hold. */
  readonly faults: string[] = [];
  /** The longest that a position of each symbol was bare at the venue, ms, whether it was being left or not. */
  readonly bareMs = new Map<SymbolId, number>();
  /** The most stops of ours that waited at once, by symbol. */
  readonly stopsMax = new Map<SymbolId, number>();
  readonly inbox = new Inbox();
  readonly clock = new ManualClock(START_MS);
  /** By so much the engine's clock is off the venue's. */
  skewMs = 0;
  readonly #options: NonNullable<Scenario["options"]>;
  readonly #loop: EngineLoop;
  readonly #bareSinceMs = new Map<SymbolId, number>();
  readonly #neglectedSinceMs = new Map<SymbolId, number>();
  readonly #fees: ReturnType<typeof loadConfig>["config"]["fees"];

  constructor({ options = {}, symbols = [FLAT] }: Scenario) {
    this.#options = options;
    const { clock, inbox } = this;
    const walletE8 = parseE8(options.wallet ?? "10000");
    this.exchange = new SimExchange({
      ...SIM_EXCHANGE_DEFAULTS,
      walletE8,
      isStrictReduceOnly: options.isStrict ?? false,
    });
    const { exchange } = this;
    this.script = new FaultScript(clock);
    this.gateway = new SimGateway({ exchange, clock, latency: LATENCY, seed: 1, mischief: this.script });
    const { risk, protocol, fees } = loadConfig({ env: {}, flags: {} }).config;
    this.#fees = fees;
    const engine = new Engine({
      scoreMin: 0.6,
      decisionWindowNs: 100e6,
      signalAgeMsMax: MINUTE_MS,
      trading: {
        engineId: "scen",
        startWalletE8: walletE8,
        risk,
        protocol,
        plan: options.entry === "limit" ? { ...M1_SCALP, entry: LIMIT_ENTRY } : M1_SCALP,
        isVenueRemote: true,
        isSlippageMeasured: true,
        wordFloorMs: 0,
        refusesUnproven: false,
      },
    });
    this.core = present(engine.trading, "Invariant: this engine trades");
    const venueClock: Clock = {
      nowMs: () => (clock.nowMs() + this.skewMs) as ReturnType<Clock["nowMs"]>,
      monoNs: () => clock.monoNs(),
      after: (delayMs, fn) => clock.after(delayMs, fn),
    };
    this.#loop = new EngineLoop({
      engine,
      inbox,
      journal: NO_JOURNAL,
      router: new CommandRouter(
        {
          onSignals() {},
          onDecision() {},
          onInvalidScores() {},
          onTrading: (command) => this.#carryOut(command),
        },
        { inbox, wallClock: clock },
      ),
      venueClock,
      wallClock: clock,
      deferral: { soon() {}, later() {} },
    });
    this.markets = symbols.map((says, index) => this.#list(says, index));
    this.gateway.listen({
      onOrder: (update) => inbox.put({ type: "order-update", update }),
      onIncome: (income) => inbox.put({ type: "income", income }),
      onLeverage: (id, leverage) => inbox.put({ type: "leverage", symbolId: id, leverage }),
      onStream: (isLive) => inbox.put({ type: "account-stream", isLive }),
    });
    this.print();
    for (const { id } of this.markets)
      if (options.marginType !== undefined) exchange.setMarginType(id, options.marginType, clock.nowMs());
    this.drain();
  }

  #list(says: ScenarioSymbol, index: number): Market {
    const symbol = `S${index}USDT`;
    const step = says.step ?? "0.1";
    const texts = {
      symbol,
      tickSize: says.tick ?? "0.01",
      stepSize: step,
      minQty: says.minQty ?? step,
      marketMaxQty: says.marketMaxQty ?? "100000000000",
      minNotional: "5",
    };
    const rules = venueRulesAround(tradingRules(texts));
    const id = symbolId(index);
    this.exchange.list(id, rules, this.#fees);
    if (says.volume !== undefined) this.exchange.setVolume(id, parseE8(says.volume));
    if (says.isUntold !== true) this.tellRules(id, symbol, rules);
    return { id, symbol, says };
  }

  tellRules(id: SymbolId, symbol: string, rules: VenueRules): void {
    this.inbox.put({ type: "instrument", symbolId: id, symbol, rules: rules.trading, fees: this.#fees });
  }

  /** Virtual seconds since the start. */
  get nowS(): number {
    return (this.clock.nowMs() - START_MS) / 1_000;
  }

  /** Moves on to that second; every word that is due on the way arrives, and prices move each tenth of a second. */
  advanceTo(seconds: number): void {
    const untilMs = START_MS + Math.round(seconds * 1_000);
    while (this.clock.nowMs() < untilMs) {
      const nextMs = Math.min(untilMs, (Math.floor(this.clock.nowMs() / STEP_MS) + 1) * STEP_MS);
      for (let due = this.clock.nextDueMs; due !== null && due <= nextMs; due = this.clock.nextDueMs) {
        this.clock.advanceTo(due);
        this.drain();
      }
      this.clock.advanceTo(nextMs);
      this.print();
      if (nextMs % MINUTE_MS === 0) this.#minute(nextMs);
      this.drain();
    }
  }

  lastE8({ id }: Market): bigint {
    return present(this.exchange.lastPrint(id), "Invariant: every market was printed").lastE8;
  }

  /** A person's order, or the venue's own. */
  place(wish: Pick<OrderWish, "symbolId" | "side" | "qtyE8"> & Partial<OrderWish>): void {
    const full: OrderWish = {
      clientOrderId: `web_${this.clock.nowMs()}_${wish.side}`,
      type: "MARKET",
      timeInForce: "GTC",
      priceE8: 0n,
      isReduceOnly: false,
      selfTradePrevention: "EXPIRE_MAKER",
      ...wish,
    };
    const reply = this.exchange.place(full, this.clock.nowMs());
    if (reply.type === "refused") this.faults.push(`a person's order was refused: ${reply.error.text}`);
  }

  say(word: OperatorWord): void {
    this.inbox.put({ type: "operator", word });
  }

  heldE8(id: SymbolId): bigint {
    return this.exchange.positions().find((held) => held.symbolId === id)?.qtyE8 ?? 0n;
  }

  oursE8(id: SymbolId): bigint {
    const position = this.core.holdings.portfolio.position(id);
    const { stepE8 } = this.exchange.rules(id).trading;
    return position === null ? 0n : BigInt(position.side * position.qtySteps) * stepE8;
  }

  /** What of a position no waiting stop would close. */
  uncoveredE8(id: SymbolId): bigint {
    const heldE8 = this.heldE8(id);
    let leftE8 = heldE8 < 0n ? -heldE8 : heldE8;
    for (const { symbolId: own, side, qtyE8, isClosePosition } of this.exchange.openAlgos())
      if (own === id && BigInt(side) * heldE8 < 0n) leftE8 -= isClosePosition ? leftE8 : qtyE8;
    return leftE8 > 0n ? leftE8 : 0n;
  }

  /** Orders sent so far by role. */
  counts(): ReadonlyMap<OrderRole, number> {
    const counts = new Map<OrderRole, number>();
    for (const { role } of this.sent) counts.set(role, (counts.get(role) ?? 0) + 1);
    return counts;
  }

  print(): void {
    const timeMs = this.clock.nowMs();
    for (const { id, says } of this.markets) {
      const { tickE8 } = this.exchange.rules(id);
      const onTick = (price: number): bigint => (numberToE8(price) / tickE8) * tickE8;
      const lastE8 = onTick(valueAt(says.prices, this.nowS));
      const markE8 = says.marks === undefined ? lastE8 : onTick(valueAt(says.marks, this.nowS));
      this.exchange.print(id, { timeMs, lastE8, markE8 });
    }
  }

  #minute(closeMs: number): void {
    const marks = this.markets
      .filter(({ says }) => says.isUntold !== true)
      .map((market) => ({ symbolId: market.id, priceE8: this.lastE8(market) }));
    this.inbox.put({ type: "minute", closeMs, marks });
  }

  drain(): void {
    while (this.inbox.size > 0) this.#loop.drain();
    this.#judge();
  }

  /** What must hold at the venue after every event, whatever goes wrong. */
  #judge(): void {
    const nowMs = this.clock.nowMs();
    for (const { id, symbol } of this.markets) {
      const own = this.exchange
        .openAlgos()
        .filter((algo) => algo.symbolId === id && algo.clientAlgoId.startsWith("scen")).length;
      this.stopsMax.set(id, Math.max(this.stopsMax.get(id) ?? 0, own));
      const isBare = this.uncoveredE8(id) > 0n;
      const bareMs = isBare ? nowMs - keep(this.#bareSinceMs, id, nowMs) : 0;
      if (isBare) this.bareMs.set(id, Math.max(this.bareMs.get(id) ?? 0, bareMs));
      else this.#bareSinceMs.delete(id);
      const trade = this.core.holdings.trades.get(id);
      const isLeft = [trade?.wantedExit, trade?.owedExit, trade?.exit].some((exit) => exit != null);
      if (!isBare || isLeft) {
        this.#neglectedSinceMs.delete(id);
        continue;
      }
      const neglectedMs = nowMs - keep(this.#neglectedSinceMs, id, nowMs);
      const mostMs = this.#options.nakedMsMax ?? this.core.holdings.protectMs + WORD_MS;
      if (neglectedMs > mostMs) {
        this.faults.push(`${symbol} at ${this.nowS} s: bare for ${neglectedMs} ms and not being left`);
        this.#neglectedSinceMs.set(id, nowMs + 86_400_000);
      }
    }
  }

  /** Where core and venue do not agree, or something is left undone; empty when all is well. */
  differences(): readonly string[] {
    const found: string[] = [];
    for (const { id, symbol } of this.markets) {
      const [ours, theirs] = [this.oursE8(id), this.heldE8(id)];
      if (ours !== theirs) found.push(`${symbol}: ours ${ours}, the venue's ${theirs}`);
      if (this.uncoveredE8(id) > 0n) found.push(`${symbol}: ${theirs} held and not covered`);
    }
    const { portfolio } = this.core.holdings;
    const openE8 = portfolio
      .positions()
      .reduce((sum, { side, entryNotionalE8 }) => sum + BigInt(side) * entryNotionalE8, 0n);
    // Averages are rounded by each side in its own way: what is open may move a unit between wallet and position.
    const ours = portfolio.walletE8 - openE8;
    const theirs = this.exchange.walletE8() - this.#venueCostE8();
    if (ours !== theirs) found.push(`money ${ours}, the venue's ${theirs}`);
    if (this.core.orders.unknownCount > 0) found.push(`${this.core.orders.unknownCount} unknown orders`);
    return found;
  }

  #venueCostE8(): bigint {
    let costE8 = this.exchange
      .income(0)
      .reduce((sum, { type, amountE8 }) => (type === "realised" ? sum + amountE8 : sum), 0n);
    for (const { id } of this.markets)
      for (const { side, priceE8, qtyE8 } of this.exchange.trades(id, 0))
        costE8 += BigInt(side) * ((priceE8 * qtyE8 + 50_000_000n) / 100_000_000n);
    return costE8;
  }

  #carryOut(command: TradingCommand): void {
    const { inbox } = this;
    switch (command.type) {
      case "submit": {
        const order = command.order.value;
        if (this.sent.some(({ clientOrderId }) => clientOrderId === order.clientOrderId))
          this.faults.push(`${order.clientOrderId} was sent again`);
        this.sent.push(order);
        this.gateway.submit(command.order, (outcome) =>
          inbox.put({ type: "order-outcome", clientOrderId: order.clientOrderId, outcome }),
        );
        return;
      }
      case "cancel":
        this.gateway.cancel(command, () => {});
        return;
      case "set-leverage": {
        const { symbolId: id, leverage } = command;
        this.gateway.setLeverage(id, leverage, (outcome) =>
          inbox.put({ type: "leverage-outcome", symbolId: id, leverage, outcome }),
        );
        return;
      }
      case "ask": {
        const askedMs = this.clock.nowMs() + this.skewMs;
        this.gateway.ask(command.query, (answer) =>
          inbox.put({ type: "answer", answer: { ...answer, askedMs } }),
        );
        return;
      }
      case "trade-closed":
        this.trades.push(command.trade);
        return;
      case "trade-corrected": {
        const index = this.trades.findIndex(({ tradeId }) => tradeId === command.trade.tradeId);
        this.trades[index] = command.trade;
        return;
      }
      case "entry-failed":
        this.failures.push(command.reason);
        return;
      case "state":
        this.states.push(
          `${command.state}${command.reasons.length > 0 ? `: ${command.reasons.join()}` : ""}`,
        );
        return;
      case "decided":
        this.decisions.push(command.decision.receipt.outcome);
        return;
      case "equity":
        return;
      default:
        command satisfies never;
    }
  }
}

function keep(since: Map<SymbolId, number>, id: SymbolId, nowMs: number): number {
  const sinceMs = since.get(id) ?? nowMs;
  since.set(id, sinceMs);
  return sinceMs;
}

/** On straight lines between the points; of two at one second the later one holds. */
function valueAt(points: readonly (readonly [number, number])[], second: number): number {
  const after = points.findIndex(([at]) => at > second);
  const [fromAt, from] = points[after === -1 ? points.length - 1 : Math.max(0, after - 1)] ?? [0, 0];
  const [toAt, to] = points[after === -1 ? points.length - 1 : after] ?? [0, 0];
  return toAt <= fromAt ? from : from + ((to - from) * (second - fromAt)) / (toAt - fromAt);
}
