/** What other programs put around a symbol: `BINANCE:BTCUSDT.P`, `BTC/USDT:USDT`, `BTCUSDTPERP`. */
const AROUND: readonly RegExp[] = [/^[A-Z]+:(?=.)/u, /:[A-Z]+$/u, /\.P$/u, /[-_/ ]?(?:PERP|SWAP)$/u];
const BETWEEN = /[\s\-_/.]+/gu;
/** Quotes and multiples that people leave out. */
const QUOTE = "USDT";
const MULTIPLES = ["1000", "1000000"] as const;
const SYMBOL_CHARS_MAX = 64;

/**
 * What may have been meant by a symbol that is not known as it was typed, likeliest first: `btcusdt`, `ETH/USDT:USDT`,
 * `BTC-USDT`, `BTCUSDT.P`, `BTC` as the venue writes them. Empty for what is too long to be a symbol.
 */
export function symbolGuesses(typed: string): readonly string[] {
  if (typed.length > SYMBOL_CHARS_MAX) return [];
  const upper = typed.trim().toUpperCase();
  const bare = AROUND.reduce((text, around) => text.replace(around, ""), upper).replaceAll(BETWEEN, "");
  const forms = [upper, bare, `${bare}${QUOTE}`, bare.replace(/USDC?$/u, QUOTE)];
  const many = MULTIPLES.flatMap((multiple) => forms.slice(1).map((form) => `${multiple}${form}`));
  return [...new Set([...forms, ...many])].filter((form) => form !== "" && form !== typed);
}

/** ` (did you mean BTCUSDT?)` when one of the guesses is known, else an empty text. */
export function didYouMean(typed: string, isKnown: (symbol: string) => boolean): string {
  const found = symbolGuesses(typed).find((guess) => isKnown(guess));
  return found === undefined ? "" : ` (did you mean ${found}?)`;
}
