import type { HaltReason, ReduceReason } from "@smcq/engine";
import type { AlertKind } from "../kinds.ts";

/** A reason to enter nothing, as an alert: its kind, and in a person's words what it means and what holds meanwhile. */
export interface ReasonFacts {
  readonly kind: AlertKind;
  readonly text: string;
}

const RESUME = "Positions stay with their stops; nothing is entered until a person resumes.";
const WAITING = "Positions stay with their stops; nothing is entered until it is over.";

/** Why nothing is entered until a person resumes. */
export const HALTS: Readonly<Record<HaltReason, ReasonFacts>> = {
  drawdown: {
    kind: "halted-drawdown",
    text: "Equity has fallen so far below its peak that everything is left and trading halts. Nothing is entered until a person resumes.",
  },
  operator: { kind: "halted-operator", text: `Somebody said halt. ${RESUME}` },
  liquidation: { kind: "halted-liquidation", text: `The margin of a position was used up. ${RESUME}` },
  protection: { kind: "halted-protection", text: `Stops could not be placed again and again. ${RESUME}` },
  "key-refused": { kind: "key-refused", text: `No order gets through with this key. ${RESUME}` },
  "hedge-mode": {
    kind: "hedge-mode",
    text: `The venue wants a position side with each order: the account was switched to hedge mode. ${RESUME}`,
  },
  "second-engine": {
    kind: "second-engine",
    text: `Orders with the ids of another engine were placed on this account. ${RESUME}`,
  },
};

/** Why nothing is entered for now. */
export const REDUCTIONS: Readonly<Record<ReduceReason, ReasonFacts>> = {
  "account-stream": {
    kind: "account-stream-lost",
    text: `The venue's messages about the account are away, silent or not yet checked. ${WAITING}`,
  },
  "outcome-unknown": {
    kind: "outcome-unknown",
    text: `The venue has not said whether an order lives. It is asked again and again. ${WAITING}`,
  },
  "account-doubtful": {
    kind: "account-doubtful",
    text: `The venue's wallet differs from the books, or equity is nothing. ${WAITING}`,
  },
  protection: {
    kind: "protection-failing",
    text: `Two failures to guard a position in a short time. ${WAITING}`,
  },
  "unknown-symbol": { kind: "unknown-symbol", text: `What it costs cannot be said. ${WAITING}` },
  ledger: {
    kind: "ledger-unsound",
    text: `The disk is full, slow, locked or gone; rows wait in memory. ${WAITING}`,
  },
  "stop-slots": {
    kind: "stop-slots",
    text: `The venue takes 200 conditional orders an account, and 180 wait already. ${WAITING}`,
  },
  "liquidation-near": {
    kind: "liquidation-near",
    text: `The venue's liquidation price lies nearer than the stop allows; the position is left if it stays so. ${WAITING}`,
  },
  "trading-locked": {
    kind: "trading-locked",
    text: `The venue takes no new orders of this account (its trading rules). ${WAITING}`,
  },
  "account-lease": {
    kind: "account-lease",
    text: `This host does not hold the account's lease: it sends nothing, and stops rest at the venue. ${WAITING}`,
  },
};

const ALL_HALTS: ReadonlyMap<string, ReasonFacts> = new Map(Object.entries(HALTS));
const ALL_REDUCTIONS: ReadonlyMap<string, ReasonFacts> = new Map(Object.entries(REDUCTIONS));

/**
 * What the reasons of a state mean. A word that may halt or reduce (`protection`) is taken to halt where nothing else does.
 * Words of a newer engine are left out: its own alerts know them.
 */
export function factsOfState(isHalted: boolean, reasons: readonly string[]): readonly ReasonFacts[] {
  const isHaltedElsewhere = reasons.some((reason) => ALL_HALTS.has(reason) && !ALL_REDUCTIONS.has(reason));
  return reasons.flatMap((reason) => {
    const halt = ALL_HALTS.get(reason);
    const reduction = ALL_REDUCTIONS.get(reason);
    const facts =
      isHalted && !(isHaltedElsewhere && reduction !== undefined) ? (halt ?? reduction) : (reduction ?? halt);
    return facts === undefined ? [] : [facts];
  });
}
