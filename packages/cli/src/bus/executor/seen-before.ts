import { JournalReader, LedgerReader } from "@smcq/ledger";
import { SeenSignals } from "./seen-signals.ts";

/**
 * What was given to a core within the last hour, by a process before this one or by the host whose journal was followed, whatever
 * they have told the bus: the table of signals is this host's own, the journal is everybody's.
 */
export function seenBefore(file: string, sinceMs: number): SeenSignals {
  const seen = new SeenSignals();
  const signals = new LedgerReader(file);
  const journal = new JournalReader(file);
  try {
    for (const signal of [...journal.candidatesSince(sinceMs), ...signals.signalsSince(sinceMs)])
      seen.add(signal);
  } finally {
    journal.close();
    signals.close();
  }
  return seen;
}
