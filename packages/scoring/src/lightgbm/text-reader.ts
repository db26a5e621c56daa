import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";

/** `%.17g` of C, and the words it writes for what is no number. */
const REAL = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)$/;
const INTEGER = /^[+-]?\d+$/;
/** What one header or tree may have lines at most; LightGBM writes about twenty. */
const LINES_MAX = 200;

/** The `key=value` lines of the header or of one tree, with the place for messages. */
export class TextSection {
  readonly #place: string;
  readonly #values: ReadonlyMap<string, string>;

  constructor(place: string, text: string) {
    this.#place = place;
    const values = new Map<string, string>();
    const lines = text.split("\n", LINES_MAX + 1);
    if (lines.length > LINES_MAX) throw malformed(`${place} has more than ${LINES_MAX} lines`);
    for (const line of lines) {
      if (line === "") continue;
      const split = line.indexOf("=");
      const key = split < 0 ? line : line.slice(0, split);
      if (values.has(key)) throw malformed(`${place} says ${shown(key)} twice`);
      values.set(key, split < 0 ? "" : line.slice(split + 1));
    }
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  text(key: string): string {
    const value = this.#values.get(key);
    if (value === undefined) throw malformed(`${this.#place} has no ${key}`);
    return value;
  }

  integer(key: string): number {
    return this.#integer(key, this.text(key));
  }

  /** Exactly `count` integers within `min` and `max`. */
  integers(key: string, count: number, range: { readonly min: number; readonly max: number }): Int32Array {
    const { min, max } = range;
    return Int32Array.from(this.#words(key, count), (word) => {
      const value = this.#integer(key, word);
      if (value < min || value > max)
        throw malformed(`${this.#place}: ${key} ${value} lies outside ${min} to ${max}`);
      return value;
    });
  }

  /** Exactly `count` doubles; infinities and NaN are numbers here. */
  reals(key: string, count: number): Float64Array {
    return Float64Array.from(this.#words(key, count), (word) => {
      if (!REAL.test(word)) throw malformed(`${this.#place}: ${key} has ${shown(word)}, which is no number`);
      return Number(word.replace("inf", "Infinity").replace("nan", "NaN"));
    });
  }

  #integer(key: string, word: string): number {
    if (!INTEGER.test(word) || !Number.isSafeInteger(Number(word)))
      throw malformed(`${this.#place}: ${key} has ${shown(word)}, which is no integer`);
    return Number(word);
  }

  #words(key: string, count: number): string[] {
    const text = count === 0 ? "" : this.text(key);
    const words = text === "" ? [] : text.split(" ", count + 1);
    if (words.length !== count) throw malformed(`${this.#place}: ${key} has not ${count} values`);
    return words;
  }
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

export function malformed(text: string): SmcqError {
  return new SmcqError(ModelErrorCode.Text, `the LightGBM text is malformed: ${text}`);
}

export function unsupported(reason: string): SmcqError {
  return new SmcqError(ModelErrorCode.Unsupported, `the LightGBM model is not supported: ${reason}`);
}
