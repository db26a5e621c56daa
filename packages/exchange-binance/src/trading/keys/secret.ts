import { inspect } from "node:util";

const SHOWN = "[secret]";

/**
 * A text that nothing prints: `String`, JSON, `util.inspect` and loggers show `[secret]`, and it crosses no thread, for a
 * structured clone of it throws. `reveal` alone gives it away, until `drop`.
 */
export class Secret {
  /** A function cannot be cloned, hence this object neither. */
  readonly cannotBeCloned = (): boolean => true;
  #text: string | null;

  constructor(text: string) {
    this.#text = text;
    Object.defineProperty(this, inspect.custom, { value: () => SHOWN });
  }

  /** The text itself; refuses after `drop`. Call it where the bytes leave, and keep no copy. */
  reveal(): string {
    if (this.#text === null) throw new Error("Invariant: a secret is not used after it was dropped");
    return this.#text;
  }

  /** Forgets the text. Idempotent. */
  drop(): void {
    this.#text = null;
  }

  /** `text` with the secret taken out, wherever it stands in it. */
  hideIn(text: string): string {
    return this.#text === null || this.#text === "" ? text : text.replaceAll(this.#text, SHOWN);
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }
}
