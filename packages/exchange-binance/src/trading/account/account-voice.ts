import type { AccountListener, Income } from "@smcq/exchange";
import { type Clock, errorMessage, type Logger, type SymbolId } from "@smcq/kernel";
import { NAMES_MAX } from "../limits.ts";
import { WordQueue } from "../stream/word-queue.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { FeeBook } from "./fee-book.ts";
import type { OrderNames } from "./order-names.ts";
import type { Word, WordReader } from "./words.ts";

type OrderWord = Extract<Word, { type: "order" }>;

/** What the user stream said, by kind. */
export interface VoiceStats {
  readonly words: number;
  /** Of coin-margined contracts (`st` is not 1). */
  readonly notOurs: number;
  readonly unknownEvents: number;
  readonly unknownSymbols: number;
  readonly bad: number;
}

export interface AccountVoiceParts {
  readonly reader: WordReader;
  readonly names: OrderNames;
  readonly fees: FeeBook;
  readonly wallClock: Clock;
  readonly log: Logger;
  /** Asks which client id a conditional order has. */
  readonly nameOfAlgo: (algoId: string) => Promise<unknown>;
  readonly onMoney: (word: Extract<Word, { type: "money" }>) => void;
  /** A leverage has changed; before it is told. */
  readonly onLeverage: (symbolId: SymbolId, leverage: number) => void;
  readonly onKeyExpired: (listenKey: string) => void;
  /** The stream has told of this order. */
  readonly onHeard: (clientOrderId: string) => void;
  /** Words were lost: too many waited. */
  readonly onLost: () => void;
}

/** Tells the one listener what the account's stream says, in its order, the first word being that it is live. */
export class AccountVoice {
  readonly #parts: AccountVoiceParts;
  readonly #queue: WordQueue;
  /** Conditional orders whose name was asked for: once, whatever came of it, or each of their trades would keep all words waiting. */
  readonly #askedAlgos = new BoundedMap<true>(NAMES_MAX);
  #listener: AccountListener | null = null;
  #hasBegun = false;
  #isLive = false;
  #stats = { words: 0, notOurs: 0, unknownEvents: 0, unknownSymbols: 0, bad: 0 };

  constructor(parts: AccountVoiceParts) {
    this.#parts = parts;
    this.#queue = new WordQueue(parts.wallClock, parts.onLost);
  }

  get stats(): VoiceStats {
    return { ...this.#stats };
  }

  /** Words that wait to be told. */
  get waiting(): number {
    return this.#queue.length;
  }

  listen(listener: AccountListener | null): void {
    this.#listener = listener;
    this.#hasBegun = false;
    if (this.#isLive) this.setLive(true);
  }

  setLive(isLive: boolean): void {
    this.#isLive = isLive;
    // That it is not live, before it ever was, is no news.
    if (this.#listener === null || (!isLive && !this.#hasBegun)) return;
    this.#hasBegun = true;
    this.#listener.onStream(isLive);
  }

  /** Payments come from the account book. */
  tellIncome(income: Income): void {
    if (this.#hasBegun) this.#listener?.onIncome(income);
  }

  onBadFrame(): void {
    this.#stats.bad++;
    this.#parts.log.warn({}, "the account's stream sent a frame that is no JSON");
  }

  onEvent(event: unknown): void {
    this.#stats.words++;
    let word: Word;
    try {
      word = this.#parts.reader.read(event);
    } catch (error) {
      this.#stats.bad++;
      this.#parts.log.error({ error: errorMessage(error) }, "the account's stream said what nobody can read");
      // What it was may have been a trade: the core asks for everything when words may have been lost.
      this.#parts.onLost();
      return;
    }
    this.#take(word);
  }

  close(): void {
    this.#queue.close();
    this.#listener = null;
  }

  #take(word: Word): void {
    const { onMoney, onLeverage, onKeyExpired, onHeard, log } = this.#parts;
    switch (word.type) {
      case "order":
        onHeard(word.update.clientOrderId);
        this.#queue.put((isLast) => this.#tellOrder(word, isLast));
        return;
      case "leverage":
        onLeverage(word.symbolId, word.leverage);
        this.#queue.put(() => {
          if (this.#hasBegun) this.#listener?.onLeverage(word.symbolId, word.leverage);
          return null;
        });
        return;
      case "money":
        onMoney(word);
        return;
      case "key-expired":
        onKeyExpired(word.listenKey);
        return;
      case "alarm":
        log.error({ text: word.text }, "the venue warns of the account");
        return;
      case "none":
        if (word.reason === "not-ours") this.#stats.notOurs++;
        else if (word.reason === "unknown-event") this.#stats.unknownEvents++;
        else if (word.reason === "unknown-symbol") this.#stats.unknownSymbols++;
        return;
      default:
        word satisfies never;
    }
  }

  /** Tells an order's word; what it lacks is asked for first, unless it is the last time. */
  #tellOrder(
    { update, deal, commission, unnamedAlgoId }: OrderWord,
    isLast: boolean,
  ): Promise<unknown> | null {
    const { names, fees } = this.#parts;
    const name = unnamedAlgoId === null ? update.clientOrderId : names.algo(unnamedAlgoId);
    if (!isLast && name === undefined && unnamedAlgoId !== null && !this.#askedAlgos.has(unnamedAlgoId))
      return this.#askName(unnamedAlgoId);
    const clientOrderId = name ?? update.clientOrderId;
    const fill = deal === null ? null : { ...deal, clientOrderId, ...fees.costOf(commission, deal) };
    if (this.#hasBegun) this.#listener?.onOrder({ ...update, clientOrderId, fill });
    return null;
  }

  /** Without an answer the word is told as it came. */
  async #askName(algoId: string): Promise<void> {
    const { nameOfAlgo, log } = this.#parts;
    this.#askedAlgos.set(algoId, true);
    try {
      await nameOfAlgo(algoId);
    } catch (error) {
      log.warn({ algoId, error: errorMessage(error) }, "the venue does not tell which stop an order is of");
    }
  }
}
