import { type Alert, type AlertKind, factsOf } from "../kinds.ts";

/** Something that is so at this moment, seen by looking: no row of the journal tells of it. */
export interface Condition {
  readonly kind: AlertKind;
  /** Of this occurrence: as long as it is seen, it is told once. */
  readonly key: string;
  readonly text: string;
  /** How long it has to be seen before it is told, ms; else as the kind says. */
  readonly holdMs?: number;
}

/** What a look has changed. */
export interface Judged {
  readonly alerts: readonly Alert[];
  /** Keys that are told from now on, and those that are over. */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
}

/** Which conditions last: each occurrence is told once, over restarts too where the told keys are kept. */
export class Conditions {
  readonly #told: Set<string>;
  readonly #seenMs = new Map<string, number>();

  constructor(told: readonly string[]) {
    this.#told = new Set(told);
  }

  /** Takes all that is so now; `families` are the beginnings of keys that were looked at: what could not be, stays as it is. */
  judge(found: readonly Condition[], families: readonly string[], nowMs: number): Judged {
    const keys = new Set(found.map(({ key }) => key));
    const isOver = (key: string): boolean =>
      !keys.has(key) && families.some((family) => key.startsWith(family));
    const closed = [...this.#told].filter(isOver);
    for (const key of closed) this.#told.delete(key);
    for (const key of [...this.#seenMs.keys()].filter(isOver)) this.#seenMs.delete(key);
    const alerts: Alert[] = [];
    for (const { kind, key, text, holdMs = factsOf(kind).holdMs ?? 0 } of found) {
      if (this.#told.has(key)) continue;
      const sinceMs = this.#seenMs.get(key) ?? nowMs;
      this.#seenMs.set(key, sinceMs);
      if (nowMs - sinceMs < holdMs) continue;
      this.#told.add(key);
      alerts.push({ kind, key, atMs: sinceMs, text });
    }
    return { alerts, opened: alerts.map(({ key }) => key), closed };
  }
}
