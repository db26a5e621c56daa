import type { AccountAnswer } from "@smcq/exchange";
import type { BinanceRest, VenueBases } from "@smcq/exchange-binance";
import {
  BinanceGateway,
  checkAccountConfig,
  type Credentials,
  type KeyQuestion,
  type KeyRights,
  readAccountAlias,
  readAccountConfig,
  readKeyRights,
  type SymbolDirectory,
} from "@smcq/exchange-binance/trading";
import { type Clock, type Logger, type Rng, SmcqError } from "@smcq/kernel";
import type { DeskAccount, OrdersName, TradingAccount } from "./account.ts";
import { type AccountGates, enterAccount, judgeRights } from "./gates/account-gates.ts";
import type { SymbolBook } from "./symbol-book.ts";

export interface VenueAccountOptions {
  readonly orders: OrdersName;
  readonly bases: VenueBases;
  readonly credentials: Credentials;
  /** The public REST client of the run: one rate budget, one measured clock. */
  readonly rest: BinanceRest;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  /** No window or wait of an order is shorter, venue ms (docs/decisions.md 40). */
  readonly floorMs: number;
  readonly logger: Logger;
  /** What is asked before an account is traded on that others might trade on too; null: it is ours alone. */
  readonly gates: AccountGates | null;
}

/** Before the run knows its symbols nothing can be told of one. */
class LateSymbols implements SymbolDirectory {
  #book: SymbolBook | null = null;

  bind(book: SymbolBook): void {
    this.#book = book;
  }

  byId(...[symbolId]: Parameters<SymbolDirectory["byId"]>): ReturnType<SymbolDirectory["byId"]> {
    return this.#book?.byId(symbolId) ?? null;
  }

  bySymbol(symbol: string): ReturnType<SymbolDirectory["bySymbol"]> {
    return this.#book?.bySymbol(symbol) ?? null;
  }
}

/**
 * An account at a venue, spoken to over its sockets: its key, its settings and who else trades on it are checked, and its
 * wallet is read, before anything is traded. Throws SmcqError `BINANCE_KEY_REFUSED`, `BINANCE_KEY_UNFIT`,
 * `BINANCE_ACCOUNT_UNFIT`, `BINANCE_UNAVAILABLE`, `ACCOUNT_*`, `RUN_LOCK_ACCOUNT`.
 */
export async function openVenueAccount(options: VenueAccountOptions): Promise<TradingAccount> {
  const { orders, bases, credentials, rest, venueClock, wallClock, rng, floorMs, logger, gates } = options;
  const symbols = new LateSymbols();
  const gateway = new BinanceGateway({
    bases,
    credentials,
    rest,
    symbols,
    clock: venueClock,
    wallClock,
    rng,
    floorMs,
    log: logger,
  });
  try {
    if (gates !== null)
      judgeRights(
        await rightsOf({ orders, bases, credentials, rest, clock: venueClock, log: logger }),
        logger,
      );
    checkAccountConfig(await readAccountConfig(gateway.rest));
    const walletE8 = await walletOf(gateway);
    const fingerprint = `${orders}/${await readAccountAlias(gateway.rest)}`;
    const lease = gates === null ? null : await enterAccount(gates, { orders, fingerprint }, gateway);
    return {
      orders,
      walletE8,
      fingerprint,
      open: ({ symbols: book }) => {
        symbols.bind(book);
        return new VenueAccount(gateway);
      },
      close: async () => {
        await gateway.close();
        lease?.release();
      },
    };
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

/** The demo venue does not tell, wherever it is served from. */
function rightsOf({
  orders,
  ...question
}: KeyQuestion & { readonly orders: OrdersName }): Promise<KeyRights | null> {
  return orders === "binance" ? readKeyRights(question) : Promise.resolve(null);
}

class VenueAccount implements DeskAccount {
  readonly gateway: BinanceGateway;

  constructor(gateway: BinanceGateway) {
    this.gateway = gateway;
  }

  start(): void {
    this.gateway.start();
  }

  /** What is held stays at the venue, with the stops that rest there. */
  stop(): Promise<void> {
    return this.gateway.close();
  }
}

async function walletOf(gateway: BinanceGateway): Promise<bigint> {
  const answer = await new Promise<AccountAnswer>((resolve) => gateway.ask({ type: "wallet" }, resolve));
  if (answer.type === "wallet") return answer.walletE8;
  const text = answer.type === "failed" ? answer.text : answer.type;
  throw new SmcqError("BINANCE_UNAVAILABLE", `the wallet cannot be read: ${text}`);
}
