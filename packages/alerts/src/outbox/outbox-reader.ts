import { errorMessage, SmcqError } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import type { OutgoingMessage } from "../delivery/message.ts";
import type { AlertKind, Severity } from "../kinds.ts";
import { openOutboxReadonly } from "./open-outbox.ts";

/** A message as `smcq alert list` tells it. */
export interface ListedMessage {
  readonly id: string;
  readonly channel: string;
  readonly state: "pending" | "sent" | "failed";
  readonly severity: Severity;
  readonly title: string;
  readonly alerts: number;
  readonly tries: number;
  readonly madeMs: number;
  readonly sentMs: number | null;
  readonly answer: string;
}

/** An alert that waits to become a message. */
export interface ListedAlert {
  readonly channel: string;
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly atMs: number;
  readonly text: string;
  readonly count: number;
}

/** What stands in an outbox. */
export interface OutboxListing {
  readonly waiting: readonly ListedAlert[];
  readonly messages: readonly ListedMessage[];
  /** Of each channel, whatever is listed. */
  readonly totals: readonly {
    readonly channel: string;
    readonly pending: number;
    readonly sent: number;
    readonly failed: number;
    readonly waiting: number;
    readonly dropped: number;
  }[];
}

/** The last `limit` messages and waiting alerts of an outbox, newest first; null: there is no outbox. Only reads. */
export function listOutbox(file: string, limit: number): OutboxListing | null {
  const db = openOutboxReadonly(file);
  if (db === null) return null;
  try {
    return { waiting: waiting(db, limit), messages: messages(db, limit), totals: totals(db) };
  } catch (error) {
    throw new SmcqError("ALERTS_OUTBOX", `cannot read ${file}: ${errorMessage(error)}`, { cause: error });
  } finally {
    db.close();
  }
}

function waiting(db: Database, limit: number): readonly ListedAlert[] {
  return db
    .prepare<[number], ListedAlert>(
      `SELECT w.channel, a.kind, a.severity, a.at_ms AS atMs, a.text, a.count
       FROM waiting w JOIN alerts a USING (alert_id) ORDER BY w.alert_id DESC, w.channel LIMIT ?`,
    )
    .all(limit);
}

function messages(db: Database, limit: number): readonly ListedMessage[] {
  type Columns = Omit<ListedMessage, "id" | "title" | "alerts"> & { readonly body: string };
  return db
    .prepare<[number], Columns>(
      `SELECT channel, state, severity, tries, made_ms AS madeMs, sent_ms AS sentMs, answer, body
       FROM messages ORDER BY message_id DESC LIMIT ?`,
    )
    .all(limit)
    .map(({ channel, state, severity, tries, madeMs, sentMs, answer, body }) => {
      const { id, title, alertCount: alerts } = JSON.parse(body) as OutgoingMessage;
      return { id, channel, state, severity, title, alerts, tries, madeMs, sentMs, answer };
    });
}

function totals(db: Database): OutboxListing["totals"] {
  return db
    .prepare<[], OutboxListing["totals"][number]>(
      `WITH names AS (SELECT channel FROM messages UNION SELECT channel FROM waiting UNION SELECT channel FROM dropped)
       SELECT n.channel,
         (SELECT count(*) FROM messages m WHERE m.channel = n.channel AND m.state = 'pending') AS pending,
         (SELECT count(*) FROM messages m WHERE m.channel = n.channel AND m.state = 'sent') AS sent,
         (SELECT count(*) FROM messages m WHERE m.channel = n.channel AND m.state = 'failed') AS failed,
         (SELECT count(*) FROM waiting w WHERE w.channel = n.channel) AS waiting,
         coalesce((SELECT count FROM dropped d WHERE d.channel = n.channel), 0) AS dropped
       FROM names n ORDER BY n.channel`,
    )
    .all();
}
