import type { ScoredCandidate } from "@smcq/engine";
import { MINUTE_MS, type SymbolId } from "@smcq/kernel";
import { JournalReader } from "@smcq/ledger";

/** A mark of a held symbol at a minute's close. */
export interface JournaledMark {
  readonly symbolId: SymbolId;
  /** Open of the bar that closed. */
  readonly openTimeMs: number;
  readonly priceE8: bigint;
}

/** What a run's journal says of a stretch of time. */
export interface JournaledStretch {
  readonly candidates: readonly ScoredCandidate[];
  readonly marks: readonly JournaledMark[];
  /** Names by number, of every symbol that was ever told of. */
  readonly symbols: ReadonlyMap<SymbolId, string>;
  /** Opens of minutes that closed while the engine ran, first and last of each process. */
  readonly running: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** Reads a run's candidates and minutes from its journal. */
export function journaledStretch(
  file: string,
  runId: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): JournaledStretch {
  const reader = new JournalReader(file);
  const candidates: ScoredCandidate[] = [];
  const marks: JournaledMark[] = [];
  const symbols = new Map<SymbolId, string>();
  const running: { fromMs: number; toMs: number }[] = [];
  let isFresh = true;
  const isInside = (openMs: number): boolean => openMs >= fromMs && openMs < toMs;
  try {
    for (const row of reader.rows(runId)) {
      if (row.type === "lost" || (row.type === "event" && row.event.type === "restarted")) isFresh = true;
      if (row.type !== "event") continue;
      const { event } = row;
      if (event.type === "candidates") {
        for (const candidate of event.candidates) {
          symbols.set(candidate.symbolId, candidate.symbol);
          if (isInside(candidate.openTimeMs)) candidates.push(candidate);
        }
      } else if (event.type === "minute") {
        const openTimeMs = event.closeMs - MINUTE_MS;
        const last = running.at(-1);
        if (isFresh || last === undefined) running.push({ fromMs: openTimeMs, toMs: openTimeMs });
        else last.toMs = openTimeMs;
        isFresh = false;
        if (isInside(openTimeMs))
          for (const { symbolId, priceE8 } of event.marks) marks.push({ symbolId, openTimeMs, priceE8 });
      }
    }
  } finally {
    reader.close();
  }
  return { candidates, marks, symbols, running };
}
