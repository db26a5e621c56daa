/** A row of the journal as the ledger keeps it; its canonical texts are carried, never read. */
export interface CopiedRow {
  readonly seq: number;
  readonly kind: string;
  readonly nowMs: number;
  readonly nowNs: number;
  readonly event: string;
  readonly commands: string;
  readonly commandsHash: string;
}

/** The last row of a file: of which run, and how it is known again. */
export interface RowPlace {
  readonly runId: string;
  readonly seq: number;
  readonly nowNs: number;
  readonly commandsHash: string;
}

/** One message of the stream. */
export type JournalMessage =
  /** A run begins or goes on behind `before`, the last row of its file; null: the file has none. */
  | {
      readonly type: "run";
      readonly epoch: number;
      readonly isResumed: boolean;
      readonly record: object;
      readonly before: RowPlace | null;
    }
  | {
      readonly type: "rows";
      readonly epoch: number;
      readonly runId: string;
      readonly rows: readonly CopiedRow[];
    };

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export function encodeMessage(message: JournalMessage): Uint8Array {
  return ENCODER.encode(JSON.stringify(message));
}

/** The message that the bytes hold; null: none of ours. Only who may publish as executor has written there. */
export function decodeMessage(bytes: Uint8Array): JournalMessage | null {
  let given: unknown;
  try {
    given = JSON.parse(DECODER.decode(bytes));
  } catch {
    return null;
  }
  if (typeof given !== "object" || given === null) return null;
  const { type, epoch, rows, record } = given as Record<string, unknown>;
  if (typeof epoch !== "number") return null;
  if (type === "rows" && Array.isArray(rows) && rows.length > 0) return given as JournalMessage;
  if (type === "run" && typeof record === "object" && record !== null) return given as JournalMessage;
  return null;
}
