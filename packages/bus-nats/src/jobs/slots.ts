import { assert } from "@smcq/kernel";

interface Waiter {
  readonly count: number;
  readonly go: () => void;
}

/** So many at once; who wants several waits until that many are free, and nobody overtakes. */
export class Slots {
  readonly count: number;
  readonly #waiting: Waiter[] = [];
  #free: number;

  constructor(count: number) {
    assert(count >= 1, "Invariant: there is a slot");
    this.count = count;
    this.#free = count;
  }

  get used(): number {
    return this.count - this.#free;
  }

  take(count: number): Promise<void> {
    assert(count <= this.count, "Invariant: nobody wants more slots than there are");
    return new Promise((resolve) => {
      this.#waiting.push({ count, go: resolve });
      this.#turn();
    });
  }

  free(count: number): void {
    this.#free += count;
    assert(this.#free <= this.count, "Invariant: a slot is freed once");
    this.#turn();
  }

  #turn(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && next.count <= this.#free;
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#free -= next.count;
      next.go();
    }
  }
}
