import { present } from "@smcq/kernel";
import type { Database } from "better-sqlite3";
import {
  cut,
  digestMessage,
  type OutgoingMessage,
  singleMessage,
  type ToldAlert,
} from "../delivery/message.ts";
import { type PlannedMessage, RATE_MS, type RecentMessages, type WaitingAlert } from "../delivery/plan.ts";
import { type Alert, rankOf, type Severity, severityOf } from "../kinds.ts";
import { openOutboxFile } from "./open-outbox.ts";

/** Alerts that may wait for a channel; of more the oldest of the least severity goes, counted. */
export const WAITING_MAX = 10_000;
/** What was sent, and what it told of, is kept so long, ms. */
const KEPT_MS = 30 * 86_400_000;
/** What begins the keys of alerts that are taken once. */
const ONCE = "once:";
/** Characters of a channel's answer that are kept. */
const ANSWER_LENGTH_MAX = 300;

/** How far the sources were read. */
export interface Position {
  /** Place of the last row of the journal, and its hash: another file has another one. */
  readonly journalKey: number;
  readonly journalHash: string;
  readonly modelEventKey: number;
}

/** What one step brings; all of it is stored, or nothing. */
export interface OutboxStep {
  readonly alerts?: readonly Alert[];
  readonly position?: Position;
  /** What the rules remember, as plain data. */
  readonly rules?: object;
  readonly opened?: readonly string[];
  readonly closed?: readonly string[];
}

/** A message that is to be sent. */
export interface PendingMessage {
  readonly messageId: number;
  readonly tries: number;
  readonly message: OutgoingMessage;
}

export interface OutboxOptions {
  readonly file: string;
  /** What is told: nothing of less severity comes in. */
  readonly channels: readonly string[];
  readonly severityMin: Severity;
  /** The same key within so long counts up, wall ms. */
  readonly repeatMs: number;
  /** For tests of the bound. */
  readonly waitingMax?: number;
}

/** Alerts on their way, in a file: whatever was taken in comes out at least once on each channel, whenever the process dies. */
export class Outbox {
  readonly #db: Database;
  readonly #options: OutboxOptions;
  readonly #id: string;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#db = openOutboxFile(options.file);
    this.#id = this.fact("outbox-id") ?? "";
    this.#forgetOtherChannels();
  }

  /** A remembered text; null: there is none of that name. */
  fact(name: string): string | null {
    return (
      this.#db.prepare<[string], string>("SELECT value FROM facts WHERE name = ?").pluck().get(name) ?? null
    );
  }

  remember(name: string, value: string): void {
    this.#db
      .prepare(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
      )
      .run(name, value);
  }

  get position(): Position | null {
    const text = this.fact("position");
    return text === null ? null : (JSON.parse(text) as Position);
  }

  /** What the rules remembered with that position; null: nothing yet. */
  get rules(): unknown {
    const text = this.fact("rules");
    return text === null ? null : JSON.parse(text);
  }

  /** Keys of conditions that were told and last. */
  conditions(): readonly string[] {
    return this.#db.prepare<[], string>("SELECT key FROM conditions").pluck().all();
  }

  /** Takes a step in one transaction; returns how many alerts are new, others were counted up or are not wanted. */
  take({ alerts = [], position, rules, opened = [], closed = [] }: OutboxStep, nowMs: number): number {
    const run = this.#db.transaction((): number => {
      let added = 0;
      for (const alert of alerts) if (this.#add(alert, nowMs)) added++;
      if (position !== undefined) this.remember("position", JSON.stringify(position));
      if (rules !== undefined) this.remember("rules", JSON.stringify(rules));
      const open = this.#db.prepare("INSERT OR IGNORE INTO conditions (key, since_ms) VALUES (?, ?)");
      for (const key of opened) open.run(key, nowMs);
      const close = this.#db.prepare("DELETE FROM conditions WHERE key = ?");
      for (const key of closed) close.run(key);
      if (added > 0) this.#bound(nowMs);
      return added;
    });
    return run.immediate();
  }

  /** Takes an alert that several may bring, once by its id. */
  takeOnce(id: string, alert: Alert, nowMs: number): void {
    const key = `${ONCE}${id}`;
    if (!this.conditions().includes(key)) this.take({ alerts: [alert], opened: [key] }, nowMs);
  }

  #add(alert: Alert, nowMs: number): boolean {
    const severity = severityOf(alert);
    if (rankOf(severity) < rankOf(this.#options.severityMin)) return false;
    const { kind, key, atMs, text } = alert;
    const counted = this.#db
      .prepare(
        `UPDATE alerts SET count = count + 1, last_ms = max(last_ms, @nowMs) WHERE alert_id =
         (SELECT alert_id FROM alerts WHERE key = @key AND last_ms > @sinceMs ORDER BY alert_id DESC LIMIT 1)`,
      )
      .run({ key, nowMs, sinceMs: nowMs - this.#options.repeatMs });
    if (counted.changes > 0) return false;
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO alerts (kind, key, severity, at_ms, text, first_ms, last_ms)
         VALUES (@kind, @key, @severity, @atMs, @text, @nowMs, @nowMs)`,
      )
      .run({ kind, key, severity, atMs, text, nowMs });
    const wait = this.#db.prepare("INSERT INTO waiting (channel, alert_id) VALUES (?, ?)");
    for (const channel of this.#options.channels) wait.run(channel, lastInsertRowid);
    return true;
  }

  /** What is too much goes, the least severe and oldest first; it is counted, and told as an alert. */
  #bound(nowMs: number): void {
    const max = this.#options.waitingMax ?? WAITING_MAX;
    const isOver = (channel: string): boolean => this.waitingCount(channel) > max;
    if (!this.#options.channels.some(isOver)) return;
    const text = `More than ${max} alerts waited; the next message of each channel says how many are gone.`;
    this.#add({ kind: "alerts-dropped", key: "alerts-dropped", atMs: nowMs, text }, nowMs);
    for (const channel of this.#options.channels) this.#drop(channel, this.waitingCount(channel) - max);
  }

  #drop(channel: string, over: number): void {
    if (over <= 0) return;
    this.#db
      .prepare(
        `DELETE FROM waiting WHERE channel = @channel AND alert_id IN (
           SELECT w.alert_id FROM waiting w JOIN alerts a USING (alert_id) WHERE w.channel = @channel
           ORDER BY CASE a.severity WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END, w.alert_id LIMIT @over)`,
      )
      .run({ channel, over });
    this.#db
      .prepare(
        `INSERT INTO dropped (channel, count, untold) VALUES (@channel, @over, @over)
         ON CONFLICT DO UPDATE SET count = count + @over, untold = untold + @over`,
      )
      .run({ channel, over });
  }

  waitingCount(channel: string): number {
    return (
      this.#db
        .prepare<[string], number>("SELECT count(*) FROM waiting WHERE channel = ?")
        .pluck()
        .get(channel) ?? 0
    );
  }

  /** Alerts that a channel has not been given yet, oldest first. */
  waiting(channel: string): readonly WaitingAlert[] {
    return this.#db
      .prepare<[string], WaitingAlert>(
        `SELECT a.alert_id AS alertId, a.severity, a.first_ms AS firstMs FROM waiting w JOIN alerts a USING (alert_id)
         WHERE w.channel = ? ORDER BY w.alert_id`,
      )
      .all(channel);
  }

  /** What a channel was given within the last minute. */
  recent(channel: string, nowMs: number): RecentMessages {
    const row = this.#db
      .prepare<[object], RecentMessages>(
        `SELECT coalesce(sum(severity = 'critical' AND is_digest = 0), 0) AS criticals,
           coalesce(sum(severity <> 'critical' OR is_digest = 1), 0) AS others,
           max(CASE WHEN is_digest = 1 THEN made_ms END) AS digestMs
         FROM messages WHERE channel = @channel AND made_ms > @sinceMs AND made_ms <= @nowMs`,
      )
      .get({ channel, sinceMs: nowMs - RATE_MS, nowMs });
    return row ?? { criticals: 0, others: 0, digestMs: null };
  }

  /** Makes messages of waiting alerts, in one transaction: they wait no more, and each message is kept until it is sent. */
  compose(channel: string, planned: readonly PlannedMessage[], nowMs: number): void {
    const run = this.#db.transaction(() => {
      for (const { type, alertIds } of planned) {
        const { lastInsertRowid } = this.#db
          .prepare(
            `INSERT INTO messages (channel, severity, is_digest, body, made_ms, due_ms)
             VALUES (?, 'info', ?, '', ?, ?)`,
          )
          .run(channel, type === "digest" ? 1 : 0, nowMs, nowMs);
        const id = `${this.#id}-${lastInsertRowid}`;
        const alerts = alertIds.map((alertId) => this.#alert(alertId));
        const first = present(alerts[0], "Invariant: a message tells of an alert");
        const made = alerts.length === 1 ? singleMessage(id, first) : digestMessage(id, alerts);
        const message = this.#withDropped(channel, made);
        this.#db
          .prepare("UPDATE messages SET severity = ?, body = ? WHERE message_id = ?")
          .run(message.severity, JSON.stringify(message), lastInsertRowid);
        const gone = this.#db.prepare("DELETE FROM waiting WHERE channel = ? AND alert_id = ?");
        for (const alertId of alertIds) gone.run(channel, alertId);
      }
    });
    run.immediate();
  }

  /** What was dropped is told with the next message. */
  #withDropped(channel: string, message: OutgoingMessage): OutgoingMessage {
    const untold =
      this.#db
        .prepare<[string], number>("SELECT untold FROM dropped WHERE channel = ?")
        .pluck()
        .get(channel) ?? 0;
    if (untold === 0) return message;
    this.#db.prepare("UPDATE dropped SET untold = 0 WHERE channel = ?").run(channel);
    const line = `${untold} alerts before this one were dropped: more than ${this.#options.waitingMax ?? WAITING_MAX} waited.`;
    return { ...message, lines: [...message.lines, line] };
  }

  #alert(alertId: number): ToldAlert {
    const found = this.#db
      .prepare<[number], ToldAlert>(
        `SELECT alert_id AS alertId, kind, severity, at_ms AS atMs, text, count FROM alerts WHERE alert_id = ?`,
      )
      .get(alertId);
    return present(found, "Invariant: what waits is an alert");
  }

  /** The message of a channel that is to be sent first: critical ones before others. Null: none waits. */
  next(channel: string): (PendingMessage & { readonly dueMs: number }) | null {
    const row = this.#db
      .prepare<[string], { messageId: number; tries: number; dueMs: number; body: string }>(
        `SELECT message_id AS messageId, tries, due_ms AS dueMs, body FROM messages WHERE channel = ? AND state = 'pending'
         ORDER BY severity = 'critical' DESC, message_id LIMIT 1`,
      )
      .get(channel);
    if (row === undefined) return null;
    const { body, ...rest } = row;
    return { ...rest, message: JSON.parse(body) as OutgoingMessage };
  }

  /** The channel has taken it. */
  sent(messageId: number, answer: string, nowMs: number): void {
    this.#db
      .prepare(
        "UPDATE messages SET state = 'sent', tries = tries + 1, sent_ms = ?, answer = ? WHERE message_id = ?",
      )
      .run(nowMs, cut(answer, ANSWER_LENGTH_MAX), messageId);
  }

  /** It did not get through: it is tried again then. */
  retry(messageId: number, answer: string, dueMs: number): void {
    this.#db
      .prepare("UPDATE messages SET tries = tries + 1, due_ms = ?, answer = ? WHERE message_id = ?")
      .run(dueMs, cut(answer, ANSWER_LENGTH_MAX), messageId);
  }

  /** The channel will never take it. */
  failed(messageId: number, answer: string): void {
    this.#db
      .prepare("UPDATE messages SET state = 'failed', tries = tries + 1, answer = ? WHERE message_id = ?")
      .run(cut(answer, ANSWER_LENGTH_MAX), messageId);
  }

  /** Nothing waits for any channel, and nothing is to be sent. */
  get isEmpty(): boolean {
    const { channels } = this.#options;
    return channels.every((channel) => this.waitingCount(channel) === 0 && this.next(channel) === null);
  }

  /** Forgets what was told long ago. */
  prune(nowMs: number): void {
    const sinceMs = nowMs - KEPT_MS;
    this.#db.prepare("DELETE FROM messages WHERE state <> 'pending' AND made_ms < ?").run(sinceMs);
    this.#db.prepare("DELETE FROM conditions WHERE key LIKE ? AND since_ms < ?").run(`${ONCE}%`, sinceMs);
    this.#db
      .prepare("DELETE FROM alerts WHERE last_ms < ? AND alert_id NOT IN (SELECT alert_id FROM waiting)")
      .run(sinceMs);
  }

  /** A channel that is configured no more gets nothing any more. */
  #forgetOtherChannels(): void {
    const names = JSON.stringify(this.#options.channels);
    this.#db.prepare("DELETE FROM waiting WHERE channel NOT IN (SELECT value FROM json_each(?))").run(names);
    this.#db
      .prepare(
        `UPDATE messages SET state = 'failed', answer = 'the channel is configured no more'
         WHERE state = 'pending' AND channel NOT IN (SELECT value FROM json_each(?))`,
      )
      .run(names);
  }

  close(): void {
    this.#db.close();
  }
}
