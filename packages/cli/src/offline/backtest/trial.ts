import { sha256Hex } from "@smcq/config";
import type { ProtocolLimits } from "@smcq/engine";
import type { FeeRates, TradingRules } from "@smcq/exchange";
import { errorMessage, type Logger } from "@smcq/kernel";
import {
  canonicalJson,
  featureSchemaJson,
  tradePlanDocument,
  type TradePlanParameters,
} from "@smcq/features";
import { ResearchBook, type Trial } from "@smcq/ledger";
import type { DailyResults } from "@smcq/research";
import type { RiskParameters } from "@smcq/risk";

/** What bars are traded with. */
export interface TradedSettings {
  readonly risk: RiskParameters;
  readonly protocol: ProtocolLimits;
  readonly plan: TradePlanParameters;
  readonly fees: FeeRates;
  readonly scoreMin: number;
  /** "heuristic" or a model file. */
  readonly model: string;
}

/** What of the options says on which bars, with how much and how exactly. */
interface DataTerms {
  readonly equity: string;
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly rowsMax: number | null;
  readonly fidelity: "bar" | "path";
  readonly seed: number;
}

/** What a scan was opened with; files with their hashes. */
interface TriedInputs {
  readonly inputs: readonly { readonly symbol: string; readonly files: unknown }[];
  readonly rules: readonly TradingRules[];
  readonly funding: { readonly sha256: string | null } | null;
  readonly scorerId: string;
}

/** A try as the book of research counts it: settings on data. The same ones once more are no new try. */
export function trialOf(
  name: string,
  settings: TradedSettings,
  on: Pick<Trial, "dataSha256" | "days" | "holdOut">,
): Trial {
  const { model, plan } = settings;
  return {
    ...on,
    name,
    trialSha256: sha256Hex(canonicalJson({ dataSha256: on.dataSha256, settings: plain(settings) })),
    planSha256: sha256Hex(canonicalJson(tradePlanDocument(plan))),
    featuresSha256: sha256Hex(featureSchemaJson(plan)),
    modelId: model === "heuristic" ? null : model,
    count: 1,
  };
}

/**
 * Counts a try in the book of research, before its result is known; what it came to is told to what is returned, once. A
 * book that cannot be written is no reason to try nothing: it is said, and the try is not counted.
 */
export function countTry(
  file: string,
  trial: Trial,
  { nowMs, logger }: { readonly nowMs: number; readonly logger: Logger },
): (daily: DailyResults) => void {
  const within = (work: (book: ResearchBook) => void): void => {
    try {
      const book = new ResearchBook(file);
      try {
        work(book);
      } finally {
        book.close();
      }
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, "this backtest is not counted in the book of research");
    }
  };
  let row: number | undefined;
  within((book) => {
    [row] = book.record([trial], nowMs);
  });
  return (daily) => {
    const own = row;
    if (own !== undefined) within((book) => book.finish(own, daily, nowMs));
  };
}

/** Hash of everything but the settings that results depend on; what was opened has an entry for each scan. */
export function dataHash(
  { equity, fromMs, toMs, rowsMax, fidelity, seed }: DataTerms,
  opened: readonly TriedInputs[],
): string {
  const inputs = opened.map(({ inputs: files, rules, funding, scorerId }) => ({
    files: files.map(({ symbol, files: own }) => ({ symbol, own })),
    rules: plain(rules),
    funding: funding?.sha256 ?? null,
    scorerId,
  }));
  return sha256Hex(canonicalJson({ inputs, equity, fromMs, toMs, rowsMax, fidelity, seed }));
}

/** Plain data of what has bigints and dates in it. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, field: unknown) => (typeof field === "bigint" ? `${field}n` : field)),
  );
}
