import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseScriptedFault } from "@smcq/exchange-sim";

export const SCENARIOS: string = join(import.meta.dirname, "../../../engine/test/scenarios");

/** A symbol and its market: prices on straight lines between `[second, price]`; two of one second are a jump. */
export interface ScenarioSymbol {
  readonly prices: readonly (readonly [number, number])[];
  /** Absent: the mark is the last price. */
  readonly marks?: readonly (readonly [number, number])[];
  readonly tick?: string;
  readonly step?: string;
  readonly minQty?: string;
  readonly marketMaxQty?: string;
  /** Base units that a minute trades; absent: so much that nothing is filled in parts. */
  readonly volume?: string;
  /** The core is not told its rules. */
  readonly isUntold?: boolean;
}

/** What happens at a virtual second of the scenario, or at several. */
export interface Step {
  readonly at: number | readonly number[];
  /** A deed of a person, the venue or the market. */
  readonly do?: string;
  /** A fault of the script of exchange-sim. */
  readonly fault?: string;
  /** What holds then. */
  readonly expect?: readonly string[];
  readonly [parameter: string]: unknown;
}

/** One fault, as a durable text: what the market and everybody do, and what then must hold. */
export interface Scenario {
  /** The ids of docs/reliability.md and docs/faults-orders.md; the first one names the scenario. */
  readonly faults: readonly string[];
  readonly title: string;
  /** What is injected, and what is right, in plain words. */
  readonly about: string;
  readonly options?: {
    readonly entry?: "market" | "limit";
    /** Resting reduce-only orders leave no room for another one. */
    readonly isStrict?: boolean;
    readonly wallet?: string;
    readonly marginType?: "isolated" | "cross";
    /** How long a position may be bare at the venue without being left, ms; where words are lost the core cannot know. */
    readonly nakedMsMax?: number;
  };
  /** Absent: one at 100, without a move. */
  readonly symbols?: readonly ScenarioSymbol[];
  readonly steps: readonly Step[];
  /** Variants: each adds its steps. Absent: one without any. */
  readonly cases?: Readonly<Record<string, readonly Step[]>>;
  /** Virtual seconds. */
  readonly until: number;
  /** What holds at the end. */
  readonly expect: readonly string[];
}

const KEYS = "faults title about options symbols steps cases until expect".split(" ");
const OPTION_KEYS = "entry isStrict wallet marginType nakedMsMax".split(" ");
const SYMBOL_KEYS = "prices marks tick step minQty marketMaxQty volume isUntold".split(" ");

/** Each deed with its parameters; those with a question mark may be left out. */
export const DEEDS: Readonly<Record<string, readonly string[]>> = {
  signal: ["symbol?", "side?", "score?"],
  /** By hand, or a program's with an id of its own. */
  "person-buys": ["symbol?", "qty", "id?"],
  "person-sells": ["symbol?", "qty"],
  "person-rests": ["symbol?", "side", "price", "qty"],
  /** Somebody else takes so much of what waits on that side. */
  "market-takes": ["symbol?", "side", "qty"],
  /** A stop by quantity, or one that closes whatever is held. */
  "person-stops": ["symbol?", "price", "qty?", "count?"],
  "person-cancels": ["symbol?", "what"],
  "person-sets-leverage": ["symbol?", "leverage"],
  transfer: ["amount"],
  funding: ["symbol?", "rate"],
  deleverage: ["symbol?", "qty"],
  "venue-rules": ["symbol?", "marketMaxQty?", "takeBound?", "maintenance?"],
  "venue-trades": ["symbol?", "isTrading"],
  "venue-rejects-firing": ["symbol?", "isRejected"],
  /** An account of another tier, or one that pays in another asset; without a price in USDT again. */
  "venue-fees": ["symbol?", "taker", "maker"],
  "venue-fee-asset": ["asset", "price?"],
  /** The indicators of the account's ways of trading are this; without a symbol the whole account's. */
  "venue-limits": ["symbol?", "isLocked?", "value?", "untilS?"],
  volume: ["symbol?", "volume"],
  "tell-rules": ["symbol?"],
  "cut-stream": ["forS"],
  "step-clock": ["ms"],
  operator: ["word"],
  calm: [],
};

function fail(text: string): never {
  throw new Error(text);
}

function requireKeys(where: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) if (!known.includes(key)) fail(`${where}: "${key}" is not known`);
}

function requireStep(where: string, step: Step): void {
  const { at: _at, ...rest } = step;
  if (step.fault !== undefined) {
    parseScriptedFault(rest);
    return;
  }
  if (step.expect !== undefined) {
    requireKeys(where, rest, ["expect"]);
    return;
  }
  const { do: deed = "", ...given } = rest;
  const parameters = DEEDS[deed] ?? fail(`${where}: "${deed}" is no deed`);
  requireKeys(
    `${where}, ${deed}`,
    given,
    parameters.map((name) => name.replace("?", "")),
  );
  for (const name of parameters)
    if (!name.endsWith("?") && given[name] === undefined) fail(`${where}: ${deed} needs "${name}"`);
}

/** Reads a scenario; throws where anything in it is unknown or missing. */
export function readScenario(file: string): Scenario {
  const scenario = JSON.parse(readFileSync(join(SCENARIOS, file), "utf8")) as Scenario;
  requireKeys(file, scenario, KEYS);
  requireKeys(file, scenario.options ?? {}, OPTION_KEYS);
  for (const symbol of scenario.symbols ?? []) requireKeys(file, symbol, SYMBOL_KEYS);
  if (!file.startsWith(`${scenario.faults[0] ?? ""}-`)) fail(`${file}: not named after its first fault`);
  for (const step of [scenario.steps, ...Object.values(scenario.cases ?? {})].flat()) requireStep(file, step);
  return scenario;
}

/** Names of all scenario files, in order. */
export function scenarioFiles(): readonly string[] {
  return readdirSync(SCENARIOS)
    .filter((name) => name.endsWith(".json"))
    .sort();
}
