import { SmcqError } from "@smcq/kernel";
import { z } from "zod";
import { ConfigErrorCode } from "../errors.ts";
import { integer, number } from "../fields.ts";
import { readJsonObject } from "./json-file.ts";

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const FAULTS_SHOWN_MAX = 20;

/** What a plan's file says: the fields of `TradePlanParameters` of the package features, where they are described. */
export interface PlanFile {
  readonly name: string;
  readonly timeframe: "M1" | "M5" | "M15";
  readonly entry:
    | { readonly kind: "market" }
    | { readonly kind: "limit"; readonly offsetAtr: number; readonly expiryBars: number };
  readonly target: "taker" | "maker";
  readonly stopPadAtr: number;
  readonly stopDistanceAtrMin: number;
  readonly stopDistanceRatioMax: number;
  readonly targetRiskRatio: number;
  readonly holdBarsMax: number;
  readonly stagnationBars: number;
  readonly stagnationRatio: number;
  readonly costGateRatio: number;
  readonly takerFeeRatio: number;
  readonly makerFeeRatio: number;
  readonly slippageRatio: number;
  readonly slippageTicks: number;
  readonly tickRatioMax: number;
}

const ratio = number(0, 0.05);
const planSchema: z.ZodType<PlanFile> = z.strictObject({
  name: z.string().regex(NAME),
  timeframe: z.enum(["M1", "M5", "M15"]),
  entry: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("market") }),
    z.strictObject({ kind: z.literal("limit"), offsetAtr: number(0, 5), expiryBars: integer(1, 60) }),
  ]),
  target: z.enum(["taker", "maker"]),
  stopPadAtr: number(0, 5),
  stopDistanceAtrMin: number(0.1, 20),
  stopDistanceRatioMax: number(0.001, 0.2),
  targetRiskRatio: number(0.1, 20),
  holdBarsMax: integer(1, 1_440),
  stagnationBars: integer(1, 1_440),
  stagnationRatio: ratio,
  costGateRatio: number(0.01, 0.5),
  takerFeeRatio: ratio,
  makerFeeRatio: ratio,
  slippageRatio: ratio,
  slippageTicks: number(0, 10),
  tickRatioMax: number(0.000_001, 0.05),
});

/**
 * Reads a trade plan; every field has to be there. `changed` stands in for what the file says. Refuses with the fields that
 * are wrong and what they may be.
 */
export function readPlanFile(file: string, changed: Readonly<Record<string, unknown>> = {}): PlanFile {
  const parsed = planSchema.safeParse({ ...readJsonObject(file), ...changed });
  if (parsed.success) return Object.freeze(parsed.data);
  const { issues } = parsed.error;
  const lines = issues.slice(0, FAULTS_SHOWN_MAX).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  if (issues.length > FAULTS_SHOWN_MAX) lines.push(`and ${issues.length - FAULTS_SHOWN_MAX} more`);
  throw new SmcqError(ConfigErrorCode.Invalid, `${file} is no trade plan: ${lines.join("; ")}`, {
    context: { file },
  });
}
