import {
  type Alert,
  type Condition,
  FIRST_STATE,
  JournalRules,
  type JournalSight,
  modelAlert,
  type Outbox,
  type Position,
  type RulesState,
} from "@smcq/alerts";
import { madeBy } from "@smcq/engine";
import { type Clock, errorMessage, SmcqError } from "@smcq/kernel";
import { JournalTail, LedgerErrorCode, type TailRow } from "@smcq/ledger";

/** Rows and words about models that are taken in one step. */
const ROWS_MAX = 500;
/** A ledger that cannot be read for so long is told, ms. */
const UNREADABLE_MS = 30_000;

export interface JournalWatchOptions {
  readonly file: string;
  readonly outbox: Outbox;
  /** The wall's. */
  readonly clock: Clock;
}

/** Reads the ledger's journal on from where it was left: each row once, its alerts and the place in one transaction. */
export class JournalWatch {
  readonly #options: JournalWatchOptions;
  /** As the outbox has them; null: what they took last was not stored. */
  #rules: JournalRules | null = null;
  #engineIds: { readonly runKey: number; readonly ids: ReadonlySet<string> } | null = null;

  constructor(options: JournalWatchOptions) {
    this.#options = options;
  }

  /** Takes whatever has come; returns what is wrong with the file, if anything is. */
  look(): readonly Condition[] {
    try {
      while (this.#step());
      return [];
    } catch (error) {
      if (!(error instanceof SmcqError) || !error.code.startsWith("LEDGER")) throw error;
      // An engine that has never run has none.
      if (error.code === LedgerErrorCode.Absent) {
        this.#begin({ journalKey: 0, journalHash: "", modelEventKey: 0 });
        return [];
      }
      return [
        {
          kind: "ledger-unreadable",
          key: "ledger-unreadable",
          text: errorMessage(error),
          holdMs: UNREADABLE_MS,
        },
      ];
    }
  }

  /** The first time: what was before is no news. */
  #begin(position: Position): void {
    const { outbox, clock } = this.#options;
    if (outbox.position === null) outbox.take({ position }, clock.nowMs());
  }

  /** One step; true: there is more. */
  #step(): boolean {
    const tail = new JournalTail(this.#options.file);
    try {
      const end = endOf(tail);
      this.#begin(end);
      const position = this.#options.outbox.position ?? end;
      if (isAnother(tail, position)) return this.#replaced(end);
      return this.#take(tail, position, end);
    } finally {
      tail.close();
    }
  }

  #take(tail: JournalTail, position: Position, end: Position): boolean {
    const { outbox, clock } = this.#options;
    const rows = tail.after(position.journalKey, ROWS_MAX);
    const events = tail.modelEventsAfter(position.modelEventKey, ROWS_MAX);
    const lastRow = rows.at(-1);
    const isMore = rows.length === ROWS_MAX || events.length === ROWS_MAX;
    if (end.journalKey === position.journalKey && events.length === 0) return false;
    const rules =
      this.#rules ?? new JournalRules({ ...FIRST_STATE, ...(outbox.rules as Partial<RulesState> | null) });
    this.#rules = null;
    const alerts: Alert[] = rows.flatMap((row) => rules.take(row, this.#sight(tail, row)));
    const isAtEnd = rows.length < ROWS_MAX;
    if (isAtEnd) alerts.push(...rules.pass(tail.lastMs() ?? 0));
    for (const event of events) {
      const alert = modelAlert(event);
      if (alert !== null) alerts.push(alert);
    }
    const place =
      isAtEnd || lastRow === undefined ? end : { journalKey: lastRow.journalKey, journalHash: lastRow.hash };
    const modelEventKey = events.at(-1)?.modelEventKey ?? position.modelEventKey;
    outbox.take({ alerts, position: { ...place, modelEventKey }, rules: rules.state }, clock.nowMs());
    this.#rules = rules;
    return isMore;
  }

  #replaced(end: Position): boolean {
    const { file, outbox, clock } = this.#options;
    const nowMs = clock.nowMs();
    const alert: Alert = {
      kind: "ledger-replaced",
      key: "ledger-replaced",
      atMs: nowMs,
      text: `${file}: what it tells up to now is not told.`,
    };
    outbox.take({ alerts: [alert], position: end, rules: FIRST_STATE }, nowMs);
    this.#rules = null;
    return false;
  }

  #sight(tail: JournalTail, { runKey, seq }: TailRow): JournalSight {
    return {
      symbolOf: (symbolId) => tail.symbolOf(runKey, symbolId) ?? `symbol ${symbolId}`,
      isOwn: (clientOrderId) =>
        this.#idsOf(tail, runKey, clientOrderId).has(madeBy(clientOrderId)?.engineId ?? ""),
      differences: (told) => {
        // The tables are of the snapshot's end, the answer of its row.
        if (tail.hasTradedSince(runKey, seq)) return null;
        const books = tail.positions(runKey);
        const venue = new Map(told.map(({ symbolId, qtySteps }) => [symbolId, qtySteps]));
        return [...new Set([...books.keys(), ...venue.keys()])]
          .sort((a, b) => a - b)
          .map((symbolId) => ({
            symbol: tail.symbolOf(runKey, symbolId) ?? `symbol ${symbolId}`,
            venueSteps: venue.get(symbolId) ?? 0,
            bookSteps: books.get(symbolId) ?? 0,
          }))
          .filter(({ venueSteps, bookSteps }) => venueSteps !== bookSteps);
      },
    };
  }

  /** Engines of the run; looked for again when an id is none of theirs, for another process may have gone on with it. */
  #idsOf(tail: JournalTail, runKey: number, clientOrderId: string): ReadonlySet<string> {
    const known = this.#engineIds;
    const engineId = madeBy(clientOrderId)?.engineId ?? "";
    if (known?.runKey === runKey && known.ids.has(engineId)) return known.ids;
    const ids = tail.engineIds(runKey);
    this.#engineIds = { runKey, ids };
    return ids;
  }
}

function endOf(tail: JournalTail): Position {
  const { journalKey, hash, modelEventKey } = tail.end();
  return { journalKey, journalHash: hash, modelEventKey };
}

/** The row that was read last is not there any more as it was. */
function isAnother(tail: JournalTail, { journalKey, journalHash }: Position): boolean {
  return journalKey > 0 && tail.hashAt(journalKey) !== journalHash;
}
