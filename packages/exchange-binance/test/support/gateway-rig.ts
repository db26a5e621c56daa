import type {
  AccountAnswer,
  AccountListener,
  AccountQuery,
  Income,
  OrderRequest,
  Outcome,
  OrderUpdate,
} from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import {
  type Clock,
  type Logger,
  ManualClock,
  priceTicks,
  qtySteps,
  Rng,
  symbolId,
  SystemClock,
} from "@smcq/kernel";
import { BinanceRest } from "../../src/index.ts";
import { BinanceGateway, type KeyKind, type Leverages, type SendingRight } from "../../src/trading.ts";
import { type Answer, OrderVenue } from "./order-venue.ts";
import { type LogLine, recordingLogger } from "./sim-harness.ts";
import { credentialsOf, keyPair, until } from "./trading-bench.ts";
import { recordedSymbols } from "./words.ts";

export const START_MS = 1_790_771_340_000;
const A = symbolId(0);

/** Hears an account, a line a word. */
export class Listener implements AccountListener {
  readonly words: string[] = [];
  readonly updates: OrderUpdate[] = [];
  readonly incomes: Income[] = [];

  onOrder(update: OrderUpdate): void {
    this.updates.push(update);
    const fee = update.fill === null ? "" : ` fee ${update.fill.feeE8}`;
    this.words.push(`${update.clientOrderId} ${update.status} ${update.cumQtySteps}${fee}`);
  }

  onIncome(income: Income): void {
    this.incomes.push(income);
    this.words.push(`income ${income.incomeId} ${income.type} ${income.amountE8}`);
  }

  onLeverage(id: number, leverage: number): void {
    this.words.push(`leverage ${id} ${leverage}`);
  }

  onStream(isLive: boolean): void {
    this.words.push(isLive ? "live" : "lost");
  }
}

export interface RigOptions {
  readonly kind?: KeyKind;
  readonly log?: Logger;
  readonly right?: SendingRight;
  readonly leverages?: Leverages;
  /** What the venue answers from the beginning. */
  readonly answers?: Readonly<Record<string, Answer>>;
  /** Default: the machine's. */
  readonly wallClock?: Clock;
}

/** A gateway on a clock that the test moves, and a venue that says what the test wants. */
export class GatewayRig {
  readonly clock: ManualClock;
  readonly venue: OrderVenue;
  readonly rest: BinanceRest;
  readonly gateway: BinanceGateway;
  readonly listener = new Listener();
  readonly lines: LogLine[];
  #orders = 0;

  private constructor(clock: ManualClock, venue: OrderVenue, options: RigOptions) {
    this.clock = clock;
    this.venue = venue;
    this.lines = [];
    const log = options.log ?? recordingLogger(this.lines);
    const origin = `http://127.0.0.1:${venue.port}`;
    this.rest = new BinanceRest({ origin, clock, rng: new Rng(1), log, replyTimeoutMs: 2_000 });
    this.gateway = new BinanceGateway({
      bases: { wsBase: `ws://127.0.0.1:${venue.port}`, restBase: origin },
      credentials: credentialsOf(keyPair(options.kind ?? "hmac")),
      rest: this.rest,
      symbols: recordedSymbols,
      clock,
      wallClock: options.wallClock ?? new SystemClock(),
      rng: new Rng(2),
      log,
      ...(options.leverages === undefined ? {} : { leverages: options.leverages }),
      ...(options.right === undefined ? {} : { right: options.right }),
    });
  }

  /** Open and live. */
  static async open(options: RigOptions = {}): Promise<GatewayRig> {
    const clock = new ManualClock(START_MS);
    const venue = await OrderVenue.start(() => clock.nowMs());
    for (const [kind, answer] of Object.entries(options.answers ?? {})) venue.always(kind, answer);
    const rig = new GatewayRig(clock, venue, options);
    rig.gateway.listen(rig.listener);
    rig.gateway.start();
    await rig.live();
    await until(() => venue.count("GET /fapi/v1/rateLimit/order") === 1, "the order limits");
    return rig;
  }

  /** Timers that are due run, and the stream stands. */
  async live(): Promise<void> {
    this.clock.advance(1);
    await until(() => this.gateway.stats.isStreamLive, "the stream");
  }

  order(role: "entry" | "exit" = "entry", id = `o${++this.#orders}`): OrderRequest {
    return {
      type: "market",
      clientOrderId: id,
      symbolId: A,
      symbol: "ACHUSDT",
      role,
      side: role === "entry" ? 1 : -1,
      isReduceOnly: role !== "entry",
      qtySteps: qtySteps(100),
    };
  }

  stop(id = `o${++this.#orders}`): OrderRequest {
    return {
      ...this.order("exit", id),
      type: "stop-market",
      role: "stop",
      triggerTicks: priceTicks(5_000),
      workingType: "last",
    };
  }

  /** What has become of it, in short; awaits its outcome. */
  async submit(request: OrderRequest): Promise<string> {
    const outcomes = this.begin(request);
    await until(() => outcomes.length > 0, "an outcome");
    return outcomes.join();
  }

  /** Sends; what is told of it comes into the list. */
  begin(request: OrderRequest): string[] {
    const outcomes: string[] = [];
    this.gateway.submit(approve(request), (outcome) => outcomes.push(shortOf(outcome)));
    return outcomes;
  }

  async cancel(clientOrderId: string, isAlgo = false): Promise<string> {
    const outcomes: string[] = [];
    this.gateway.cancel({ symbolId: A, clientOrderId, isAlgo }, (outcome) => outcomes.push(shortOf(outcome)));
    await until(() => outcomes.length > 0, "an outcome");
    return outcomes.join();
  }

  async ask(query: AccountQuery): Promise<AccountAnswer> {
    const answers: AccountAnswer[] = [];
    this.gateway.ask(query, (answer) => answers.push(answer));
    await until(() => answers.length > 0, "an answer");
    return answers[0] as AccountAnswer;
  }

  /** Awaits the account's words up to now. */
  async told(count: number): Promise<readonly string[]> {
    await until(
      () => this.listener.words.length >= count,
      `${count} words (${this.listener.words.join("; ")})`,
    );
    return this.listener.words;
  }

  async close(): Promise<void> {
    await this.gateway.close();
    await this.rest.close();
    await this.venue.close();
  }
}

export function shortOf(outcome: Outcome): string {
  if (outcome.type === "acked") return `acked ${outcome.orderId}`;
  return outcome.type === "refused" ? outcome.code : outcome.type;
}
