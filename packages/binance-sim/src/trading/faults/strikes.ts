import type { KnobId } from "@smcq/exchange-sim";
import { countFault, type SimStats } from "../../stats.ts";
import type { Venue } from "../../venue.ts";

/** Whether a knob strikes the next thing that it is about, counted; a new plan counts anew. */
export class Strikes {
  readonly #venue: Venue;
  readonly #stats: SimStats;
  readonly #asked = new Map<KnobId, number>();
  readonly #struck = new Map<KnobId, number>();

  constructor(venue: Venue, stats: SimStats) {
    this.#venue = venue;
    this.#stats = stats;
  }

  restart(): void {
    this.#asked.clear();
    this.#struck.clear();
  }

  /** True: it strikes now. */
  next(id: KnobId): boolean {
    const { faults } = this.#venue;
    if (!faults.isOn(id)) return false;
    const asked = this.#asked.get(id) ?? 0;
    this.#asked.set(id, asked + 1);
    const struck = this.#struck.get(id) ?? 0;
    const most = faults.value(id, "times");
    if ((most > 0 && struck >= most) || !faults.strikes(id, 0, asked)) return false;
    this.#struck.set(id, struck + 1);
    countFault(this.#stats, id);
    return true;
  }

  /** It struck, by itself. */
  count(id: KnobId): void {
    countFault(this.#stats, id);
  }

  isOn(id: KnobId): boolean {
    return this.#venue.faults.isOn(id);
  }

  /** A number of a knob (times in venue ms). */
  value(id: KnobId, name: string): number {
    return this.#venue.faults.value(id, name);
  }

  /** A whole number below `bound` that belongs to the last strike of a knob; other keys give further ones. */
  pick(id: KnobId, bound: number, key = 0): number {
    return this.#venue.faults.pick(id, key, this.#struck.get(id) ?? 0, bound);
  }
}
