import type { AccountAnswer, MarginType } from "@smcq/exchange";
import { type BinanceRest, parseExchangeInfo, passesUniverse, type VenueBases } from "@smcq/exchange-binance";
import {
  BinanceGateway,
  type BinanceGatewayOptions,
  checkAccountConfig,
  checkStops,
  type Credentials,
  type KeyQuestion,
  type KeyRights,
  Leverages,
  MarginTypes,
  MarginWatch,
  readAccountAlias,
  readAccountConfig,
  readPriceE8,
  readKeyRights,
  readSymbolSettings,
  type SymbolDirectory,
  type TradedSymbol,
} from "@smcq/exchange-binance/trading";
import { type Clock, type Logger, type Rng, SmcqError, symbolId } from "@smcq/kernel";
import type { RunLock } from "@smcq/ledger";
import type { AccountDuty, DeskAccount, OrdersName, TradingAccount } from "./account.ts";
import { type AccountGates, enterAccount, judgeRights } from "./gates/account-gates.ts";
import { rulesOf, type SymbolBook } from "./symbol-book.ts";
import { SymbolFacts } from "./symbol-facts.ts";

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
  /** What symbols are set to before they are entered. */
  readonly marginType: MarginType;
  /** Symbols that the run watches. */
  readonly watched: readonly string[];
  /** What is asked before an account is traded on that others might trade on too; null: it is ours alone. */
  readonly gates: AccountGates | null;
  /** Absent: no other host can have it. */
  readonly duty?: AccountDuty;
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
 * An account at a venue, spoken to over its sockets: its key, its settings and who else trades on it are checked, a stop far from the
 * market is tried where the money is not real, and its wallet is read, before anything is traded. Throws SmcqError
 * `BINANCE_KEY_REFUSED`, `BINANCE_KEY_UNFIT`, `BINANCE_ACCOUNT_UNFIT`, `BINANCE_UNAVAILABLE`, `ACCOUNT_*`, `RUN_LOCK_ACCOUNT`.
 */
export async function openVenueAccount(options: VenueAccountOptions): Promise<TradingAccount> {
  const { orders, bases, credentials, rest, venueClock, logger, gates } = options;
  const symbols = new LateSymbols();
  let facts: SymbolFacts | null = null;
  let lease: RunLock | null = null;
  const marginTypes = new MarginTypes(options.marginType);
  const leverages = new Leverages(logger);
  const gateway = gatewayOf(options, {
    symbols,
    marginTypes,
    leverages,
    onRefused: (symbolId, code) => facts?.onRefused(symbolId, code),
  });
  try {
    if (gates !== null)
      judgeRights(
        await rightsOf({ orders, bases, credentials, rest, clock: venueClock, log: logger }),
        logger,
      );
    checkAccountConfig(await readAccountConfig(gateway.rest));
    marginTypes.learn(await readSymbolSettings(gateway.rest));
    tellMarginTypes(marginTypes, options);
    const walletE8 = await walletOf(gateway);
    const walletMs = venueClock.nowMs();
    const fingerprint = `${orders}/${await readAccountAlias(gateway.rest)}`;
    lease =
      gates === null ? null : await enterAccount(gates, { orders, fingerprint }, gateway.rest, options.duty);
    // Where the money is real, the doctor tries it when it is asked to.
    const tried = orders === "binance" ? null : await farStopOf(rest);
    await options.duty?.untilMayAct();
    if (tried !== null) await checkFarStop(gateway, tried, logger);
    return {
      orders,
      walletE8,
      walletMs,
      fingerprint,
      open: ({ symbols: book }) => {
        symbols.bind(book);
        facts = new SymbolFacts({
          book,
          leverages,
          marginTypes,
          signed: gateway.rest,
          rest,
          clock: venueClock,
          logger,
        });
        const watch = new MarginWatch({ marginTypes, rest: gateway.rest, clock: venueClock, log: logger });
        return new VenueAccount(gateway, facts, watch);
      },
      close: async () => {
        await gateway.close();
        lease?.release();
      },
    };
  } catch (error) {
    await gateway.close();
    lease?.release();
    throw error;
  }
}

function gatewayOf(
  { venueClock: clock, logger: log, duty, ...options }: VenueAccountOptions,
  own: Pick<BinanceGatewayOptions, "symbols" | "marginTypes" | "leverages" | "onRefused">,
): BinanceGateway {
  const { bases, credentials, rest, wallClock, rng, floorMs } = options;
  const right = duty === undefined ? {} : { right: duty.right };
  return new BinanceGateway({
    bases,
    credentials,
    rest,
    clock,
    wallClock,
    rng,
    floorMs,
    log,
    ...right,
    ...own,
  });
}

/** What is set later, one by one, is told before. */
function tellMarginTypes(marginTypes: MarginTypes, { watched, logger }: VenueAccountOptions): void {
  const { wanted } = marginTypes;
  const symbols = watched.filter((symbol) => !marginTypes.has(symbol));
  if (symbols.length === 0) return;
  const fields = { wanted, others: symbols.length, symbols: symbols.slice(0, 10) };
  logger.warn(fields, "symbols have another margin type: it is set before their first entry");
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
  readonly #facts: SymbolFacts;
  readonly #margins: MarginWatch;

  constructor(gateway: BinanceGateway, facts: SymbolFacts, margins: MarginWatch) {
    this.gateway = gateway;
    this.#facts = facts;
    this.#margins = margins;
  }

  start(): void {
    this.gateway.start();
    this.#margins.start();
  }

  /** What is held stays at the venue, with the stops that rest there. */
  stop(): Promise<void> {
    this.#facts.close();
    this.#margins.stop();
    return this.gateway.close();
  }
}

/** Where a stop is tried: in the first symbol of the document that is traded, far from its price. */
interface FarStop {
  readonly traded: TradedSymbol;
  readonly lastE8: bigint;
}

async function farStopOf(rest: BinanceRest): Promise<FarStop> {
  const options = { weight: 1, isReserved: true, read: parseExchangeInfo };
  const { instruments } = await rest.get("/fapi/v1/exchangeInfo", {}, options);
  const instrument = instruments.find(passesUniverse);
  if (instrument === undefined) throw new SmcqError("BINANCE_UNAVAILABLE", "no symbol is traded");
  const { symbol } = instrument;
  const lastE8 = await readPriceE8(rest, symbol);
  return { traded: { symbolId: symbolId(0), symbol, rules: rulesOf(instrument) }, lastE8 };
}

async function checkFarStop(
  gateway: BinanceGateway,
  { traded, lastE8 }: FarStop,
  logger: Logger,
): Promise<void> {
  const judged = await checkStops(gateway.rest, traded, lastE8);
  if (judged === null) return;
  logger.warn({ symbol: traded.symbol, judged }, "a stop that was tried was refused, by its own path");
}

async function walletOf(gateway: BinanceGateway): Promise<bigint> {
  const answer = await new Promise<AccountAnswer>((resolve) => gateway.ask({ type: "wallet" }, resolve));
  if (answer.type === "wallet") return answer.walletE8;
  const text = answer.type === "failed" ? answer.text : answer.type;
  throw new SmcqError("BINANCE_UNAVAILABLE", `the wallet cannot be read: ${text}`);
}
