import type { AccountAnswer, AccountQuery } from "@smcq/exchange";
import { BinanceReferenceData } from "@smcq/exchange-binance";
import { BinanceGateway, loadCredentials, type TradedSymbol } from "@smcq/exchange-binance/trading";
import { type Instrument, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { Listener } from "../../../exchange-binance/test/support/gateway-rig.ts";
import { directoryOf, until } from "../../../exchange-binance/test/support/trading-bench.ts";
import type { Venue } from "./venue-process.ts";

type Answered<T extends AccountQuery["type"]> = Extract<AccountAnswer, { type: T }>;

/** An account on a running venue as our own adapter sees it, from before anybody trades. */
export class OwnAccount {
  readonly listener: Listener = new Listener();
  readonly reference: BinanceReferenceData;
  readonly instrument: Instrument;
  readonly traded: TradedSymbol;
  readonly #gateway: BinanceGateway;

  private constructor(
    parts: Pick<OwnAccount, "reference" | "instrument" | "traded">,
    gateway: BinanceGateway,
  ) {
    this.reference = parts.reference;
    this.instrument = parts.instrument;
    this.traded = parts.traded;
    this.#gateway = gateway;
  }

  /** Follows the account's stream, and knows the symbols of the venue. */
  static async open(venue: Venue, symbol: string): Promise<OwnAccount> {
    const clock = new SystemClock();
    const log = silentLogger;
    const origin = venue.value("REST");
    const reference = new BinanceReferenceData({ origin, clock, rng: new Rng(1), log });
    const { instruments } = await reference.universe();
    const instrument = instruments.find((one) => one.symbol === symbol);
    const symbols = directoryOf(instruments);
    const traded = symbols.bySymbol(symbol);
    if (instrument === undefined || traded === null) throw new Error(`the venue lists no ${symbol}`);
    const env = { BINANCE_API_KEY: venue.value("key"), BINANCE_API_SECRET: venue.value("secret") };
    const gateway = new BinanceGateway({
      bases: { wsBase: origin.replace("http:", "ws:"), restBase: origin },
      credentials: loadCredentials({ env }),
      rest: reference.rest,
      symbols,
      clock,
      wallClock: clock,
      rng: new Rng(2),
      log,
    });
    const account = new OwnAccount({ reference, instrument, traded }, gateway);
    gateway.listen(account.listener);
    gateway.start();
    await until(() => gateway.stats.isStreamLive && gateway.stats.calls === 0, "the account's stream");
    return account;
  }

  async ask<T extends AccountQuery["type"]>(
    query: AccountQuery & { readonly type: T },
  ): Promise<Answered<T>> {
    const answer = await new Promise<AccountAnswer>((resolve) => {
      this.#gateway.ask(query, resolve);
    });
    if (answer.type !== query.type) throw new Error(`asked for ${query.type}: ${JSON.stringify(answer)}`);
    return answer as Answered<T>;
  }

  /** Resolves when nothing that the venue told is still to be told. */
  async settle(words: number): Promise<void> {
    await until(
      () => this.listener.updates.length >= words && this.#gateway.stats.untold === 0,
      "the last word",
    );
  }

  async close(): Promise<void> {
    await this.#gateway.close();
    await this.reference.close();
  }
}
