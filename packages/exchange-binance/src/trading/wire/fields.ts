import { divRound, parseE8 } from "@smcq/kernel";
import { z } from "zod";

const DECIMAL_TEXT = /^-?\d{1,24}(?:\.\d{1,30})?$/;

/** An id of the venue as text: up to 19 digits, told as a number or as text; empty where there is none. */
export const Id: z.ZodType<string> = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined ? "" : String(value)));

/** An instant in ms, told as a number or as text. */
export const Instant: z.ZodType<number> = z
  .union([z.number(), z.string()])
  .transform(Number)
  .refine((value) => Number.isSafeInteger(value) && value >= 0, "not an instant in ms");

/** A decimal text; null, absent and empty are 0. */
export const Decimal: z.ZodType<string> = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined || value === "" ? "0" : String(value)))
  .refine((value) => DECIMAL_TEXT.test(value), "not a decimal");

/** True and false, told as such or as text. */
export const Flag: z.ZodType<boolean> = z
  .union([z.boolean(), z.string()])
  .nullish()
  .transform((value) => value === true || value === "true");

/** Open text: the venue adds words without notice. */
export const Word: z.ZodType<string> = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** e8 of a decimal text; digits beyond the eighth are rounded, half away from zero: averages have more of them. */
export function roundE8(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  if (fraction.length <= 8) return parseE8(text);
  const digits = BigInt(`${whole}${fraction}`);
  const value = divRound(digits < 0n ? -digits : digits, 10n ** BigInt(fraction.length - 8));
  return text.startsWith("-") ? -value : value;
}
