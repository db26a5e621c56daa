import { SmcqError } from "@smcq/kernel";
import type { NetRTarget } from "../calibration.ts";
import { ModelErrorCode } from "../errors.ts";
import { type CalendarFacts, readCalendar } from "./calendar.ts";
import {
  boolean,
  integer,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  parseJson,
  record,
  refuse,
  sha256,
  text,
  utc,
} from "./json-reader.ts";
import type { Place, Read, Shape } from "./json-reader.ts";
import { utcMs } from "./utc.ts";

/** A span of time in UTC. */
export interface UtcRange {
  readonly fromUtc: string;
  readonly toUtc: string;
}

export interface TrainerFacts {
  readonly name: string;
  readonly version: string;
  readonly seed: number;
  readonly numThreads: number;
  readonly params: Readonly<Record<string, string | number | boolean>>;
}

/** A file of bars that the model was trained on. */
export interface InputFile extends UtcRange {
  /** Base name. */
  readonly path: string;
  readonly sha256: string;
  readonly symbol: string;
  readonly bars: number;
}

/** Rows whose probability p lies in lower <= p < upper (the last bin: <= upper), and how many of them won. */
export interface ReliabilityBin {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly wins: number;
}

/** Mean result in R net of costs of the rows with a confidence above 0.60, with day-block bootstrap bounds. */
export interface Expectancy {
  /** Null, as the bounds, when there is no such row. */
  readonly mean: number | null;
  readonly lower95: number | null;
  readonly upper95: number | null;
  readonly rowsAbove060: number;
}

/** Mean result in R net of costs of all rows: what taking every candidate would have brought. */
export interface ExpectancyOfAll {
  readonly mean: number;
  /** Day-block bootstrap bounds. */
  readonly lower95: number;
  readonly upper95: number;
}

/** How good the probabilities of some rows were, and what they would have earned. */
export interface ScoreFigures {
  readonly n: number;
  readonly baseRate: number;
  readonly auc: number;
  readonly brier: number;
  /** Brier score of always saying the base rate: what a model has to beat. */
  readonly brierOfBaseRate: number;
  readonly logloss: number;
  readonly ece: number;
  readonly expectancyR: Expectancy;
  readonly expectancyDoubledSlippageR: Expectancy;
  readonly expectancyOfAllRowsR: ExpectancyOfAll;
}

/** Figures on rows that neither the trees nor the calibration had seen. */
export interface OutOfSample extends ScoreFigures {
  /** How the rows came about, e.g. `walk-forward`. */
  readonly source: string;
  readonly reliability: readonly ReliabilityBin[];
}

/** Figures on the last stretch of the data, which was looked at once, when everything was decided. */
export interface HoldOut extends ScoreFigures {
  readonly range: UtcRange;
}

/** p = 1 / (1 + exp(-(a * margin + b))), fitted on `n` out-of-fold rows; `bins` are those rows by their p. */
export interface PlattFacts {
  readonly type: "platt";
  readonly a: number;
  readonly b: number;
  readonly n: number;
  readonly range: UtcRange;
  readonly bins: readonly ReliabilityBin[];
  /** Of a model of net R; its figures "above 0.60" are of the rows that it does not abstain from. */
  readonly target?: NetRTarget;
}

/** Bins of the training rows: value x lies in bin k = number of edges e with x > e. */
export interface PsiReference {
  /** For each feature, inner edges, ascending. */
  readonly edges: readonly (readonly number[])[];
  /** For each feature, rows in each of its bins: one more than edges. */
  readonly counts: readonly (readonly number[])[];
  /** The same for the confidence that the model gives these rows. */
  readonly scoreEdges: readonly number[];
  readonly scoreCounts: readonly number[];
}

export interface NullTests {
  readonly randomWalkAuc: number;
  readonly permutedAuc: number;
  readonly passed: boolean;
}

/**
 * What the training script says of a model: `training.json` beside `lgbm_smc.txt`. Keys are as here; further ones are
 * left out. Numbers are finite, times are UTC texts.
 */
export interface TrainingReport {
  readonly reportVersion: 1;
  /** sha256 of the bytes of the text that the report is about. */
  readonly modelTextSha256: string;
  readonly trainer: TrainerFacts;
  readonly dataset: {
    readonly files: readonly InputFile[];
    readonly candidates: number;
    readonly labelled: number;
    readonly stopTooWide: number;
    readonly symbols: number;
    readonly featureSchemaSha256: string;
    /** Share of winners among the labelled. */
    readonly baseRate: number;
  };
  readonly ranges: { readonly train: UtcRange; readonly valid: UtcRange };
  readonly outOfSample: OutOfSample;
  /** Null when the data left nothing to hold out. */
  readonly holdOut: HoldOut | null;
  readonly calibration: PlattFacts;
  readonly psi: PsiReference;
  readonly nullTests: NullTests;
  /** Absent in older reports: without it nothing is proven. */
  readonly calendar?: CalendarFacts;
  /** Parameter sets that were tried on this data. */
  readonly trials: number;
  readonly gitCommit: string | null;
  readonly isDirty: boolean | null;
}

const FILES_MAX = 10_000;
/** Features that a model may name. */
export const FEATURES_MAX = 1_000;
const BINS_MAX = 1_000;
const PSI_EDGES_MAX = 19;
/** Confidence limits of the tiers: bins must not straddle them. */
export const TIER_LIMITS: readonly number[] = [0.6, 0.7, 0.85];
/** Null tests must come out as 0.50 within this. */
const NULL_AUC_DEVIATION_MAX = 0.03;

const ratio = number({ min: 0, max: 1 });
const count = integer(0);

export const readRange: Read<UtcRange> = (value, place) => {
  const range = object<UtcRange>({ fromUtc: utc, toUtc: utc })(value, place);
  return utcMs(range.fromUtc) <= utcMs(range.toUtc)
    ? range
    : refuse(place, "a range that ends after its start", value);
};

export const readTrainer: Read<TrainerFacts> = object<TrainerFacts>({
  name: text("a name", /\S/),
  version: text("a version", /\S/),
  seed: integer(0),
  numThreads: integer(1),
  params: record<string | number | boolean>((value, place) =>
    typeof value === "string" || typeof value === "boolean" ? value : number()(value, place),
  ),
});

export const readFiles: Read<readonly InputFile[]> = list(
  object<InputFile>({
    path: text("a base name", /^[^/\\]+$/),
    sha256,
    symbol: text("a symbol", /\S/),
    fromUtc: utc,
    toUtc: utc,
    bars: integer(1),
  }),
  0,
  FILES_MAX,
);

/** Bins that follow one another from 0 to 1 and have a limit at every tier. */
export const readBins: Read<readonly ReliabilityBin[]> = (value, place) => {
  const bins = list(
    object<ReliabilityBin>({ lower: ratio, upper: ratio, count, wins: count }),
    1,
    BINS_MAX,
  )(value, place);
  let end = 0;
  for (const bin of bins) {
    if (bin.lower !== end || bin.upper <= bin.lower || bin.wins > bin.count)
      refuse(place, "bins that follow one another, with at most as many wins as rows", bin);
    end = bin.upper;
  }
  if (end !== 1) refuse(place, "bins up to 1", end);
  for (const limit of TIER_LIMITS)
    if (!bins.some(({ lower }) => lower === limit)) refuse(place, `bins with a limit at ${limit}`, value);
  return bins;
};

const readExpectancy: Read<Expectancy> = (value, place) => {
  const bound = nullable(number());
  const found = object<Expectancy>({ mean: bound, lower95: bound, upper95: bound, rowsAbove060: count })(
    value,
    place,
  );
  const bounds = [found.mean, found.lower95, found.upper95];
  if (bounds.some((item) => (item === null) !== (found.rowsAbove060 === 0)))
    refuse(place, "three numbers when there are rows above 0.60, else three nulls", value);
  return found;
};

const SCORE_FIGURES: Shape<ScoreFigures> = {
  n: integer(1),
  baseRate: ratio,
  auc: ratio,
  brier: ratio,
  brierOfBaseRate: ratio,
  logloss: number({ min: 0 }),
  ece: ratio,
  expectancyR: readExpectancy,
  expectancyDoubledSlippageR: readExpectancy,
  expectancyOfAllRowsR: object<ExpectancyOfAll>({ mean: number(), lower95: number(), upper95: number() }),
};

export const readOutOfSample: Read<OutOfSample> = object<OutOfSample>({
  ...SCORE_FIGURES,
  source: text("a text", /\S/),
  reliability: readBins,
});

export const readHoldOut: Read<HoldOut> = object<HoldOut>({ ...SCORE_FIGURES, range: readRange });

export const readTarget: Read<NetRTarget> = object<NetRTarget>({
  kind: oneOf("net-r"),
  abstainR: number({ min: 0 }),
});

const readPlatt: Read<PlattFacts> = (value, place) => {
  const platt = object<PlattFacts>({
    type: oneOf("platt"),
    a: number(),
    b: number(),
    n: integer(1),
    range: readRange,
    bins: readBins,
    target: optional(readTarget),
  })(value, place);
  if (platt.a <= 0)
    refuse(place, "a calibration whose a is above 0 (confidence rises with the margin)", platt.a);
  const rows = platt.bins.reduce((sum, bin) => sum + bin.count, 0);
  if (rows !== platt.n) refuse(place, `bins of n = ${platt.n} rows together`, rows);
  return platt;
};

function readPsiBins(edges: readonly number[], counts: readonly number[], place: Place): void {
  if (edges.some((edge, index) => index > 0 && edge <= (edges[index - 1] as number)))
    refuse(place, "edges that rise", edges);
  if (counts.length !== edges.length + 1) refuse(place, `${edges.length + 1} counts for its edges`, counts);
  if (!counts.some((rows) => rows > 0)) refuse(place, "bins with at least one row", counts);
}

export const readPsi: Read<PsiReference> = (value, place) => {
  const edges = list(number(), 0, PSI_EDGES_MAX);
  const counts = list(count, 1, PSI_EDGES_MAX + 1);
  const psi = object<PsiReference>({
    edges: list(edges, 1, FEATURES_MAX),
    counts: list(counts, 1, FEATURES_MAX),
    scoreEdges: edges,
    scoreCounts: counts,
  })(value, place);
  if (psi.counts.length !== psi.edges.length)
    refuse(place, `counts of ${psi.edges.length} features, as edges`, psi.counts.length);
  for (let feature = 0; feature < psi.edges.length; feature++)
    readPsiBins(psi.edges[feature] ?? [], psi.counts[feature] ?? [], {
      ...place,
      key: `${place.key} of feature ${feature}`,
    });
  readPsiBins(psi.scoreEdges, psi.scoreCounts, { ...place, key: `${place.key} of the score` });
  return psi;
};

export const readNullTests: Read<NullTests> = object<NullTests>({
  randomWalkAuc: ratio,
  permutedAuc: ratio,
  passed: boolean,
});

export const readCommit: Read<string | null> = nullable(text("a commit", /^[0-9a-f]{7,64}$/));

const readReport: Read<TrainingReport> = object<TrainingReport>({
  reportVersion: oneOf(1),
  modelTextSha256: sha256,
  trainer: readTrainer,
  dataset: object<TrainingReport["dataset"]>({
    files: readFiles,
    candidates: count,
    labelled: integer(1),
    stopTooWide: count,
    symbols: integer(1),
    featureSchemaSha256: sha256,
    baseRate: ratio,
  }),
  ranges: object<TrainingReport["ranges"]>({ train: readRange, valid: readRange }),
  outOfSample: readOutOfSample,
  holdOut: nullable(readHoldOut),
  calibration: readPlatt,
  psi: readPsi,
  nullTests: readNullTests,
  calendar: optional(readCalendar),
  trials: integer(1),
  gitCommit: readCommit,
  isDirty: nullable(boolean),
});

/**
 * Reads a training report (MODEL_REPORT names the key that is wrong). Refuses one whose null tests failed
 * (MODEL_NULL_TEST): a trainer that finds an edge in chance has found none in the data.
 */
export function parseTrainingReport(json: string, source: string): TrainingReport {
  const place: Place = { code: ModelErrorCode.Report, source, key: "" };
  const report = readReport(parseJson(json, place), place);
  const { randomWalkAuc, permutedAuc, passed } = report.nullTests;
  const isNull = (auc: number): boolean => Math.abs(auc - 0.5) <= NULL_AUC_DEVIATION_MAX;
  if (!passed || !isNull(randomWalkAuc) || !isNull(permutedAuc))
    throw new SmcqError(
      ModelErrorCode.NullTest,
      `${source}: the null tests failed (AUC ${randomWalkAuc} on random walks, ${permutedAuc} on permuted labels; 0.50 +- ${NULL_AUC_DEVIATION_MAX} is wanted)`,
      { context: { randomWalkAuc, permutedAuc } },
    );
  return report;
}
