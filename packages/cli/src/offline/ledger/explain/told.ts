import type { RecordReader, Units } from "@smcq/ledger";
import { type Aftermath, aftermathOf } from "./aftermath.ts";
import { type GateVerdict, gatesOf } from "./gates.ts";
import type { Judged, Moment } from "./moment.ts";

/** A signal or decision, its gates, and what became of it. */
export interface Told extends Judged {
  readonly gates: readonly GateVerdict[];
  /** Null: nothing was entered. */
  readonly aftermath: Aftermath | null;
  /** Null: nobody has told the symbol's rules in this run. */
  readonly units: Units | null;
}

export function toldOf(reader: RecordReader, { run, symbol }: Moment, { signal, decision }: Judged): Told {
  const units = reader.units(run.runKey, symbol);
  if (decision === null) return { signal, decision, gates: [], aftermath: null, units };
  const isApproved = decision.receipt.outcome === "APPROVED";
  return {
    signal,
    decision,
    gates: gatesOf(reader, run, { decision, signal }),
    aftermath: isApproved ? aftermathOf(reader, run, decision) : null,
    units,
  };
}
