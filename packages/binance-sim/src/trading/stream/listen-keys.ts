import { hash4 } from "@smcq/exchange-sim";

const LIFE_MS = 3_600_000;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH = 64;

/** The account's one key of the private stream: it lives 60 venue minutes from its last POST or PUT. */
export class ListenKeys {
  readonly #seed: number;
  #count = 0;
  #key: string | null = null;
  #endMs = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The key that streams are served for; null: none. */
  get live(): string | null {
    return this.#key;
  }

  /** Makes a key, or makes the present one live longer. */
  post(nowMs: number): string {
    this.#key ??= this.#make();
    this.#endMs = nowMs + LIFE_MS;
    return this.#key;
  }

  /** Null: there is none to be kept. */
  put(nowMs: number): string | null {
    if (this.#key !== null) this.#endMs = nowMs + LIFE_MS;
    return this.#key;
  }

  /** The key that has just ended at its time; null: none has. */
  expired(nowMs: number): string | null {
    return this.#key !== null && nowMs >= this.#endMs ? this.end() : null;
  }

  /** Ends the present key; returns it. */
  end(): string | null {
    const key = this.#key;
    this.#key = null;
    return key;
  }

  #make(): string {
    const count = ++this.#count;
    const letter = (place: number): string =>
      LETTERS[hash4(this.#seed, 0x6b6579, count, place) % LETTERS.length] ?? "";
    return Array.from({ length: LENGTH }, (_, place) => letter(place)).join("");
  }
}
