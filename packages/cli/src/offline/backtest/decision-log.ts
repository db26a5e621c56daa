import type { DecisionRecord } from "@smcq/engine";
import type { SymbolId } from "@smcq/kernel";

/** What decisions.csv says of a decision. */
export interface LoggedDecision {
  readonly timeMs: number;
  readonly symbolId: SymbolId;
  readonly side: 1 | -1;
  readonly score: number;
  readonly outcome: Outcome;
  /** Empty where nobody asked how much. */
  readonly boundBy: string;
  readonly steps: number;
}

type Outcome = DecisionRecord["receipt"]["outcome"];

const FIRST_ROOM = 4_096;
/** Numbers of a decision: time, symbol, side, score, outcome, bound, steps. */
const FIELDS = 7;

/** What a pass tells its decisions to. */
export interface Decisions {
  add(decision: DecisionRecord): void;
  /** How many of them were approved. */
  readonly approvals: number;
}

/** How many decisions of a run came to what: all that a search asks for. */
export class DecisionCounts implements Decisions {
  /** By outcome, in the order in which they were met. */
  readonly outcomes: Partial<Record<Outcome, number>> = {};

  get approvals(): number {
    return this.outcomes.APPROVED ?? 0;
  }

  add({ receipt: { outcome } }: DecisionRecord): void {
    this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + 1;
  }
}

/**
 * All decisions of a run, as numbers: a month of a market has hundreds of thousands of them, and their receipts would be
 * most of what the run keeps. In full only those are kept that a reader is shown: the approved, and the first refusal of
 * each kind.
 */
export class DecisionLog implements Decisions {
  readonly #outcomes = new Names<Outcome>();
  readonly #bounds = new Names<string>();
  readonly #approved: DecisionRecord[] = [];
  readonly #firstRefusals = new Map<Outcome, DecisionRecord>();
  #numbers = new Float64Array(FIRST_ROOM * FIELDS);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get approvals(): number {
    return this.#approved.length;
  }

  /** In the order in which they were made. */
  get approved(): readonly DecisionRecord[] {
    return this.#approved;
  }

  /** One of each outcome, in the order in which they were met. */
  get firstRefusals(): readonly DecisionRecord[] {
    return [...this.#firstRefusals.values()];
  }

  add(decision: DecisionRecord): void {
    const { outcome, size } = decision.receipt;
    if (outcome === "APPROVED") this.#approved.push(decision);
    else if (!this.#firstRefusals.has(outcome)) this.#firstRefusals.set(outcome, decision);
    const at = this.#length * FIELDS;
    if (at === this.#numbers.length) {
      const larger = new Float64Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    const numbers = this.#numbers;
    numbers[at] = decision.timeMs;
    numbers[at + 1] = decision.symbolId;
    numbers[at + 2] = decision.side;
    numbers[at + 3] = decision.score;
    numbers[at + 4] = this.#outcomes.numberOf(outcome);
    numbers[at + 5] = this.#bounds.numberOf(size?.boundBy ?? "");
    numbers[at + 6] = size?.steps ?? 0;
    this.#length++;
  }

  /** In the order in which they were made. */
  *[Symbol.iterator](): Iterator<LoggedDecision> {
    for (let row = 0; row < this.#length; row++) {
      const [timeMs, id, side, score, outcome, bound, steps] = this.#numbers.subarray(
        row * FIELDS,
      ) as unknown as readonly [number, SymbolId, 1 | -1, number, number, number, number];
      const [name, boundBy] = [this.#outcomes.name(outcome), this.#bounds.name(bound)];
      yield { timeMs, symbolId: id, side, score, outcome: name, boundBy, steps };
    }
  }
}

/** Words as numbers: each one the number of its first use. */
class Names<Name extends string> {
  readonly #names: Name[] = [];
  readonly #numbers = new Map<Name, number>();

  numberOf(name: Name): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  name(number: number): Name {
    return this.#names[number] as Name;
  }
}
