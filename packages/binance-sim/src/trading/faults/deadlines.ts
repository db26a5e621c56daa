/** Ids that are remembered; the oldest are forgotten. */
const IDS_MAX = 1000;

/** Something that holds of an id of the venue's until a time. */
export class Deadlines {
  readonly #untilMs = new Map<string, number>();

  set(id: string, untilMs: number): void {
    this.#untilMs.set(id, untilMs);
    if (this.#untilMs.size <= IDS_MAX) return;
    const [oldest] = this.#untilMs.keys();
    if (oldest !== undefined) this.#untilMs.delete(oldest);
  }

  holds(id: string, nowMs: number): boolean {
    return (this.#untilMs.get(id) ?? 0) > nowMs;
  }

  clear(): void {
    this.#untilMs.clear();
  }
}
