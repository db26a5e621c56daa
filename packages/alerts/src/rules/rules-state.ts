import type { AlertKind } from "../kinds.ts";
import type { PositionDifference } from "./journaled-turn.ts";

/** Something that is told only when it lasts. */
export interface Hold {
  readonly kind: AlertKind;
  readonly key: string;
  /** Since when it is so, venue ms. */
  readonly sinceMs: number;
  readonly text: string;
}

/** A UTC day so far. Money in USDT e8, as decimal text: it is kept as JSON. */
export interface DayTally {
  readonly dayMs: number;
  readonly trades: number;
  readonly wins: number;
  readonly pnlE8: string;
  readonly feesE8: string;
  readonly startEquityE8: string;
  readonly equityE8: string;
}

/** A position that differs, since the answer that told it first. */
export interface SeenDifference extends PositionDifference {
  readonly askedMs: number;
  readonly isTold: boolean;
}

/** What the rules remember between two rows; plain data, stored with the place in the journal. */
export interface RulesState {
  readonly runId: string | null;
  /** Kinds of the reasons that are given now. */
  readonly given: readonly AlertKind[];
  /** A reason was told, and no return to trading yet. */
  readonly isTroubleTold: boolean;
  readonly holds: readonly Hold[];
  readonly day: DayTally | null;
  /** The UTC day whose loss was told. */
  readonly lossDayMs: number | null;
  readonly differences: readonly SeenDifference[];
  /** Orders of others that were told, the newest last. */
  readonly foreignIds: readonly string[];
  /** Symbols whose position the venue is taking, until the trade is closed. */
  readonly taken: readonly string[];
}

export const FIRST_STATE: RulesState = {
  runId: null,
  given: [],
  isTroubleTold: false,
  holds: [],
  day: null,
  lossDayMs: null,
  differences: [],
  foreignIds: [],
  taken: [],
};
