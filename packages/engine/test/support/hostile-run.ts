import { parseE8, Rng, symbolId } from "@smcq/kernel";
import {
  type Command,
  Engine,
  type EngineInput,
  type EngineOptions,
  type TradeRecord,
} from "../../src/index.ts";
import type { TradingCore } from "../../src/trading/trading-core.ts";
import { candidate, FEES, MINUTE_MS, type OnTurn, optionsOf, rulesOf, START_E8, T0 } from "./fixtures.ts";
import { HostileVenue } from "./hostile-venue.ts";

const SYMBOLS = [0, 1, 2].map(symbolId);
const STEP_MS = 500;
/** Steps by which a position may be uncovered while it is neither new nor left. */
const NAKED_MS = 2_000;

/** A core, a venue that does what it likes, and a clock that goes on by half a second. */
export class HostileRun {
  readonly trades: TradeRecord[] = [];
  readonly faults: string[] = [];
  readonly venue: HostileVenue;
  readonly core: TradingCore;
  /** Every command that leaves the core. */
  record = "";
  /** Words get lost on a living stream: nothing tells of them but looking. */
  readonly options: EngineOptions = optionsOf(
    { symbolLockMs: 0, streakMs: 0 },
    { protocol: { reconcileMs: 30_000 } },
  );
  readonly #engine = new Engine(this.options);
  readonly #onTurn: OnTurn;
  readonly #rng: Rng;
  /** Since when a trade's position is uncovered and not left, by the trade's number. */
  #uncoveredMs = new Map<number, number>();
  #wakesNs: number[] = [];
  #nowMs = T0;

  constructor(own: number, onTurn: OnTurn = () => {}) {
    this.#onTurn = onTurn;
    this.#rng = new Rng(own);
    this.venue = new HostileVenue(this.#rng.fork("venue"), SYMBOLS);
    if (this.#engine.trading === null) throw new Error("this engine trades");
    this.core = this.#engine.trading;
    for (const [index, id] of SYMBOLS.entries())
      this.#put({ type: "instrument", symbolId: id, symbol: `S${index}`, rules: rulesOf(), fees: FEES });
    this.#quotes();
  }

  minutes(count: number, areEntries: boolean): void {
    for (let minute = 0; minute < count; minute++) {
      this.seconds(60);
      const priceE8 = parseE8(String(100 + this.#rng.int(100) / 100));
      const marks = SYMBOLS.map((id) => ({ symbolId: id, priceE8 }));
      this.#put({ type: "minute", closeMs: this.#nowMs, marks });
      if (!areEntries) continue;
      // Persons look often.
      if (this.core.holdings.state === "HALTED") this.put({ type: "operator", word: "resume" });
      const side = this.#rng.chance(0.5) ? 1 : -1;
      const openTimeMs = this.#nowMs - MINUTE_MS;
      const candidates = SYMBOLS.filter(() => this.#rng.chance(0.5)).map((id) =>
        candidate(id, { side, openTimeMs }),
      );
      this.#quotes();
      this.#put({ type: "candidates", shardId: 0, candidates });
    }
  }

  #quotes(): void {
    this.#put({ type: "quotes", quotes: SYMBOLS.map((id) => ({ symbolId: id, bid: 100, ask: 100 })) });
  }

  seconds(count: number): void {
    for (let step = 0; step < (count * 1_000) / STEP_MS; step++) this.#step();
  }

  put(input: EngineInput): void {
    this.#put(input);
  }

  /** Where the core's view differs from the venue's: empty when they agree to the last unit. */
  differences(): readonly string[] {
    const { portfolio } = this.core.holdings;
    const found: string[] = [];
    let cashE8 = portfolio.walletE8 - START_E8;
    for (const { side, entryNotionalE8 } of portfolio.positions()) cashE8 -= BigInt(side) * entryNotionalE8;
    if (cashE8 !== this.venue.cashE8) found.push(`cash ${cashE8}, the venue says ${this.venue.cashE8}`);
    for (const id of SYMBOLS) {
      const position = portfolio.position(id);
      const ours = position === null ? 0 : position.side * position.qtySteps;
      const theirs = this.venue.held.get(id) ?? 0;
      if (ours !== theirs) found.push(`${id}: held ${ours}, the venue says ${theirs}`);
      const covered = this.venue
        .resting(id, "stop-market", this.#nowMs)
        .filter(({ side }) => side * theirs < 0)
        .reduce((sum, { qtySteps }) => sum + qtySteps, 0);
      if (covered < Math.abs(theirs)) found.push(`${id}: ${theirs} held, ${covered} covered`);
    }
    return found;
  }

  #step(): void {
    this.#nowMs += STEP_MS;
    this.venue.act(this.#nowMs);
    for (const input of this.venue.arrived(this.#nowMs)) this.#put(input);
    // Nobody calls but whom the core has asked to.
    const isDue = this.#wakesNs.some((atNs) => atNs <= this.#nowMs * 1e6);
    this.#wakesNs = this.#wakesNs.filter((atNs) => atNs > this.#nowMs * 1e6);
    if (isDue) this.#put({ type: "time" });
    this.#checkVenue();
  }

  #put(input: EngineInput): void {
    const event = { ...input, nowMs: this.#nowMs, nowNs: this.#nowMs * 1e6 };
    const commands = this.#engine.process(event);
    this.#onTurn(event, commands);
    this.#checkCover();
    for (const command of commands) this.#carryOut(command);
  }

  #carryOut(command: Command): void {
    if (command.type === "submit") {
      this.record += `${command.order.value.clientOrderId} ${command.order.value.qtySteps}\n`;
      this.venue.submit(command.order.value, this.#nowMs);
    } else if (command.type === "cancel") this.venue.cancel(command.clientOrderId, this.#nowMs);
    else if (command.type === "set-leverage")
      this.venue.setLeverage(command.symbolId, command.leverage, this.#nowMs);
    else if (command.type === "ask") this.venue.ask(command.query, this.#nowMs);
    else if (command.type === "wake") this.#wakesNs.push(command.atNs);
    else if (command.type === "trade-closed") {
      this.record += `${command.trade.reason} ${command.trade.pnlE8}\n`;
      this.trades.push(command.trade);
    }
  }

  #checkCover(): void {
    const { portfolio, trades } = this.core.holdings;
    const uncoveredMs = new Map<number, number>();
    for (const { symbolId: id, qtySteps } of portfolio.positions()) {
      const trade = trades.get(id);
      if (trade === undefined) {
        this.faults.push(`${id}: a position without a trade`);
        continue;
      }
      const stops = [trade.stop, trade.formerStop].filter((leg) => leg !== null && !leg.isEnded);
      const isLeft = trade.exit !== null || trade.wantedExit !== null || trade.owedExit !== null;
      // A person's stop in the place of ours is looked for first.
      if (stops.length === 0 && !isLeft && trade.stopDueMs === null)
        this.faults.push(`${id}: neither guarded nor left (${trade.phase})`);
      const covered = stops
        .filter((leg) => leg?.isConfirmed)
        .reduce((sum, leg) => sum + (leg?.qtySteps ?? 0) - (leg?.filledSteps ?? 0), 0);
      if (covered >= qtySteps || isLeft) continue;
      const sinceMs = this.#uncoveredMs.get(trade.tradeId) ?? this.#nowMs;
      uncoveredMs.set(trade.tradeId, sinceMs);
      if (this.#nowMs > sinceMs + NAKED_MS)
        this.faults.push(`${id}: ${covered} of ${qtySteps} covered for too long at ${this.#nowMs - T0}`);
    }
    this.#uncoveredMs = uncoveredMs;
  }

  #checkVenue(): void {
    for (const id of SYMBOLS) {
      // One that went missing may appear beside two that stand in for each other; it is taken back at once.
      const stops = this.venue
        .resting(id, "stop-market", this.#nowMs)
        .filter(({ clientOrderId }) => this.core.orders.get(clientOrderId)?.state !== "missing")
        .map(({ clientOrderId }) => intentOf(clientOrderId));
      for (const intent of new Set(stops))
        if (stops.filter((other) => other === intent).length > 2)
          this.faults.push(`${id}: more than two stops of ${intent}`);
      const entries = this.venue.resting(id, "market", this.#nowMs).filter(({ role }) => role === "entry");
      if (entries.length > 1) this.faults.push(`${id}: two entries`);
    }
  }
}

/** What comes before the number of the attempt. */
function intentOf(clientOrderId: string): string {
  return clientOrderId.slice(0, clientOrderId.lastIndexOf("-"));
}
