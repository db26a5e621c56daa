import { type Asked, useAsked } from "./api.ts";

/** They change with the engine's version alone, ms. */
const WORDS_MS = 600_000;

/** What codes mean, in sentences. */
export interface Words {
  readonly outcomes: Readonly<Record<string, string>>;
  readonly reasons: Readonly<Record<string, string>>;
  readonly setups: string;
}

export function useWords(): Asked<Words> {
  return useAsked<Words>("words", {}, WORDS_MS);
}
