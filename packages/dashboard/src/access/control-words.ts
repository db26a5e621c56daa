import type { Clock } from "@smcq/kernel";
import type { ControlWord } from "../contract.ts";
import { Refusal } from "../http/refusal.ts";
import { NonceBook } from "./nonce-book.ts";

const PLAIN_WORDS = ["halt", "resume", "flatten"] as const;
const FIELDS: ReadonlySet<string> = new Set(["word", "symbol", "confirm", "nonce"]);
/** No symbol of the venue is longer. */
const SYMBOL_LENGTH_MAX = 64;

/**
 * Reads what a person wants to tell the engine: what he typed to confirm it (the word itself, or the symbol) and a number that
 * is good once stand in it. Refuses the rest.
 */
export class ControlWords {
  readonly #nonces: NonceBook;

  constructor(wallClock: Clock) {
    this.#nonces = new NonceBook(wallClock);
  }

  giveNonce(): string {
    return this.#nonces.give();
  }

  /** The word of a request's body; throws Refusal. */
  read(body: Readonly<Record<string, unknown>>): ControlWord {
    const unknown = Object.keys(body).find((field) => !FIELDS.has(field));
    if (unknown !== undefined)
      throw new Refusal(400, "CONTROL_FIELD", `there is no field ${JSON.stringify(unknown.slice(0, 64))}`);
    const word = wordOf(body);
    const wanted = word.word === "close" ? word.symbol : word.word;
    // A number is used up by whatever was wrong beside it.
    const isFresh = typeof body["nonce"] === "string" && this.#nonces.take(body["nonce"]);
    if (!isFresh)
      throw new Refusal(
        409,
        "CONTROL_NONCE",
        "this word was said already, or too late; ask for a new number and say it again",
      );
    if (body["confirm"] !== wanted) throw new Refusal(400, "CONTROL_CONFIRM", `type ${wanted} to confirm`);
    return word;
  }
}

function wordOf({ word, symbol }: Readonly<Record<string, unknown>>): ControlWord {
  const plain = PLAIN_WORDS.find((one) => one === word);
  if (plain !== undefined) {
    if (symbol !== undefined) throw new Refusal(400, "CONTROL_FIELD", `${plain} takes no symbol`);
    return { word: plain };
  }
  if (word !== "close")
    throw new Refusal(400, "CONTROL_FIELD", `word must be one of ${PLAIN_WORDS.join(", ")}, close`);
  if (typeof symbol !== "string" || symbol === "" || symbol.length > SYMBOL_LENGTH_MAX)
    throw new Refusal(400, "CONTROL_FIELD", `symbol must be text of 1..${SYMBOL_LENGTH_MAX} characters`);
  return { word, symbol };
}
