import { bundledBrackets, type VenueRules } from "@smcq/exchange-sim";
import type { Fidelity } from "../backtest/trade-pass.ts";

/** `Fidelity` as plain data: a class loses itself between threads. Brackets are the bundled ones wherever a backtest runs. */
export type SentFidelity =
  | Extract<Fidelity, { type: "bar" }>
  | {
      readonly type: "path";
      readonly seed: number;
      readonly rules: readonly Omit<VenueRules, "brackets">[];
    };

export function sentFidelity(fidelity: Fidelity): SentFidelity {
  if (fidelity.type === "bar") return fidelity;
  return { ...fidelity, rules: fidelity.rules.map(({ brackets: _brackets, ...rest }) => rest) };
}

export function receivedFidelity(sent: SentFidelity): Fidelity {
  if (sent.type === "bar") return sent;
  const rules = sent.rules.map((own) => ({ ...own, brackets: bundledBrackets(own.symbol) }));
  return { ...sent, rules };
}
