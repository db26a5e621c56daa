import { z } from "zod";

/** Kinds of settings; both bounds are included. */
export const integer = (min: number, max: number): z.ZodNumber => z.number().int().min(min).max(max);
export const number = (min: number, max: number): z.ZodNumber => z.number().min(min).max(max);
export const count = (min: number, max: number): z.ZodUnion<[z.ZodLiteral<"auto">, z.ZodNumber]> =>
  z.union([z.literal("auto"), integer(min, max)]);
export const text = (lengthMax: number): z.ZodString => z.string().min(1).max(lengthMax);
export const filePath = (description: string): z.ZodDefault<z.ZodNullable<z.ZodString>> =>
  text(4_096).nullable().default(null).describe(description);

/** The longest wait a setting may ask for. */
export const DAY_MS = 86_400_000;

/** A rule between settings that does not hold; the first path is the one to blame. */
export interface Contradiction {
  readonly paths: readonly string[];
  readonly rule: string;
}
