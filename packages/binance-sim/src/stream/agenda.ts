/** A thing to do at a time. */
interface Entry {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What the venue has put off: a heap by time, then by order of entry. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #nextOrder = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Puts `run` off until `atMs`. */
  add(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const entry: Entry = { atMs, order: this.#nextOrder++, run };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!isEarlier(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Does everything due at `nowMs`, in order. */
  runDue(nowMs: number): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > nowMs) return;
      this.#removeFirst();
      first.run();
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isEarlier(heap[child + 1] as Entry, heap[child] as Entry)) child++;
      const below = heap[child] as Entry;
      if (!isEarlier(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isEarlier(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
