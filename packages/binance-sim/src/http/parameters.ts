import { parseE8 } from "@smcq/kernel";
import { VenueError } from "./venue-error.ts";

const DECIMAL = /^\d{1,20}(?:\.(\d{1,20}))?$/;
const INTEGER = /^\d{1,20}$/;

/** `Mandatory parameter ... was not sent` in the venue's words. */
export function missing(name: string): VenueError {
  return new VenueError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

/** Fewer parameters were read than were sent. */
export function unread(read: number, sent: number): VenueError {
  return new VenueError(
    -1104,
    `Not all sent parameters were read; read '${read}' parameter(s) but was sent '${sent}'.`,
  );
}

/** What a request says, decoded; each reader throws the venue's error where it is wrong. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Reads query and body texts, `a=b&c=d`; refuses bad escapes (-1100) and doubled names (-1101). */
  static read(...texts: readonly string[]): Parameters {
    const values = new Map<string, string>();
    for (const part of texts.flatMap((text) => text.split("&")).filter((text) => text !== "")) {
      const [name = "", value = ""] = decodePair(part);
      if (values.has(name)) throw new VenueError(-1101, `Duplicate values for parameter '${name}' detected.`);
      values.set(name, value);
    }
    return new Parameters(values);
  }

  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  /** The values as an object of the web platform. */
  search(): URLSearchParams {
    return new URLSearchParams([...this.#values]);
  }

  /** Null: not sent. An empty value is refused (-1105). */
  text(name: string): string | null {
    const value = this.#values.get(name);
    if (value === "") throw new VenueError(-1105, `Parameter '${name}' was empty.`);
    return value ?? null;
  }

  needed(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined || value === "") throw missing(name);
    return value;
  }

  /** A whole number that a double holds, such as a time or a limit. */
  integer(name: string): number | null {
    const text = this.text(name);
    if (text === null) return null;
    if (!INTEGER.test(text)) throw illegal(name, "^[0-9]{1,20}$");
    return Number(text);
  }

  /** A whole number as text: ids have 19 digits. */
  id(name: string): string | null {
    const text = this.text(name);
    if (text !== null && !INTEGER.test(text)) throw illegal(name, "^[0-9]{1,20}$");
    return text === null ? null : String(BigInt(text));
  }

  /** Between `least` and `most`, else -1130. */
  limit(otherwise: number, most: number): number {
    const limit = this.integer("limit") ?? otherwise;
    if (limit < 1 || limit > most)
      throw new VenueError(-1130, "Data sent for parameter 'limit' is not valid.");
    return limit;
  }

  /** A decimal with at most `places` significant places, e8 (-1111: too many). */
  decimalE8(name: string, places: number): bigint | null {
    const text = this.text(name);
    if (text === null) return null;
    const match = DECIMAL.exec(text);
    if (match === null) throw illegal(name, "^([0-9]{1,20})(\\.[0-9]{1,20})?$");
    if ((match[1] ?? "").replace(/0+$/, "").length > Math.min(8, places))
      throw new VenueError(-1111, "Precision is over the maximum defined for this asset.");
    return parseE8(text);
  }

  flag(name: string): boolean {
    const text = this.text(name)?.toLowerCase() ?? "false";
    if (text !== "true" && text !== "false") throw missing(name);
    return text === "true";
  }

  /** One of the words; another one is refused with the error given. */
  word<T extends string>(name: string, words: readonly T[], error: VenueError): T | null {
    const text = this.text(name);
    if (text === null) return null;
    const found = words.find((word) => word === text);
    if (found === undefined) throw error;
    return found;
  }
}

function illegal(name: string, range: string): VenueError {
  return new VenueError(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`);
}

function decodePair(part: string): readonly string[] {
  const at = part.indexOf("=");
  const pair = at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
  try {
    return pair.map((text) => decodeURIComponent(text.replaceAll("+", " ")));
  } catch {
    throw new VenueError(-1100, "Illegal characters found in a parameter.");
  }
}
