import { gunzipSync } from "node:zlib";
import { assert, divRound, E8, parseE8 } from "@smcq/kernel";
import { readData } from "../bundle/load.ts";

/** A step of a symbol's leverage brackets (`GET /fapi/v1/leverageBracket`); money and ratios e8. */
export interface Bracket {
  readonly notionalFloorE8: bigint;
  readonly notionalCapE8: bigint;
  readonly maintMarginRatioE8: bigint;
  /** What is taken off again, so that the maintenance margin has no jump where brackets meet. */
  readonly cumE8: bigint;
  /** The highest leverage that a position of this size may have. */
  readonly leverageMax: number;
}

type BracketTexts = readonly [floor: string, cap: string, ratio: string, cum: string, leverage: string];

let loaded: Readonly<Record<string, readonly BracketTexts[]>> | undefined;

/** A symbol that the bundled brackets do not know: one that a careful venue would give to a thin contract. */
const UNLISTED: readonly BracketTexts[] = [
  ["0", "5000", "0.015", "0", "50"],
  ["5000", "25000", "0.02", "25", "25"],
  ["25000", "100000", "0.025", "150", "20"],
  ["100000", "400000", "0.05", "2650", "10"],
  ["400000", "1000000", "0.1", "22650", "5"],
  ["1000000", "2000000", "0.25", "172650", "2"],
  ["2000000", "3000000", "0.5", "672650", "1"],
];

/** The brackets of a symbol, from the bundled answer of October 2024; an unknown symbol gets a thin contract's. */
export function bundledBrackets(symbol: string): Brackets {
  loaded ??= JSON.parse(
    gunzipSync(readData("leverage-brackets-2024-10.json.gz")).toString("utf8"),
  ) as Readonly<Record<string, readonly BracketTexts[]>>;
  return new Brackets((Object.hasOwn(loaded, symbol) ? loaded[symbol] : undefined) ?? UNLISTED);
}

/** Leverage brackets of one symbol, ascending and without holes. */
export class Brackets {
  readonly steps: readonly Bracket[];

  constructor(texts: readonly BracketTexts[]) {
    this.steps = texts.map(([floor, cap, ratio, cum, leverage]) => ({
      notionalFloorE8: parseE8(floor),
      notionalCapE8: parseE8(cap),
      maintMarginRatioE8: parseE8(ratio),
      cumE8: parseE8(cum),
      leverageMax: Number(leverage),
    }));
    assert(this.steps.length > 0, "Invariant: a symbol has at least one bracket");
    this.steps.forEach(({ notionalFloorE8 }, index) => {
      const before = this.steps[index - 1]?.notionalCapE8 ?? 0n;
      assert(notionalFloorE8 === before, "Invariant: brackets follow one another without a hole");
    });
  }

  /** The bracket of a position of this size; the last one beyond all caps. */
  of(notionalE8: bigint): Bracket {
    const found = this.steps.find(({ notionalCapE8 }) => notionalE8 <= notionalCapE8);
    return found ?? (this.steps.at(-1) as Bracket);
  }

  /** `notional * ratio - cum` (docs/binance.md 9). */
  maintenanceE8(notionalE8: bigint): bigint {
    const { maintMarginRatioE8, cumE8 } = this.of(notionalE8);
    return divRound(notionalE8 * maintMarginRatioE8, E8) - cumE8;
  }

  get leverageMax(): number {
    return Math.max(...this.steps.map(({ leverageMax }) => leverageMax));
  }

  /** The largest position at a leverage; 0 when no bracket allows it. */
  notionalMaxE8(leverage: number): bigint {
    const allowed = this.steps.filter(({ leverageMax }) => leverage <= leverageMax);
    return allowed.at(-1)?.notionalCapE8 ?? 0n;
  }
}
