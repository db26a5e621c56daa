import type { Command, Durability } from "@smcq/engine";
import type { CancelTimer, Clock } from "@smcq/kernel";
import type { CommandRouter } from "./command-router.ts";
import type { Inbox } from "./inbox.ts";

/**
 * How long an entry waits for its row, wall ms: its price is old after that. It is half of what the core allows for clocks
 * before it believes that an order never arrived (docs/trading.md 5), so that a late entry never comes after that belief.
 */
export const ENTRY_HOLD_MS_MAX = 500;
/** Entries that may wait at once; one more is not sent. */
export const ENTRIES_HELD_MAX = 64;

/** What became of entries since the start. */
export interface EntryGateCounts {
  readonly held: number;
  readonly released: number;
  /** Never sent. */
  readonly dropped: number;
}

interface HeldEntry {
  readonly seq: number;
  readonly clientOrderId: string;
  readonly command: Command;
}

interface EntryGateParts {
  readonly durability: Durability;
  readonly router: CommandRouter;
  readonly inbox: Inbox;
  readonly wallClock: Clock;
}

/**
 * Where an entry waits until the row that tells of it is durable (docs/decisions.md 43). Everything else leaves at once: what
 * guards or leaves a position waits for no disk.
 *
 *   commands ─► an entry? ── no ──────────────────────────────► router
 *                   │ yes                                          ▲
 *                   └─► held ── its row is durable ────────────────┘
 *                         └── taken back, not ACTIVE, too late, the run ends ──► NOT_SENT ─► inbox
 */
export class EntryGate {
  readonly #parts: EntryGateParts;
  readonly #held: HeldEntry[] = [];
  readonly #timers = new Map<number, CancelTimer>();
  #released = 0;
  #dropped = 0;

  constructor(parts: EntryGateParts) {
    this.#parts = parts;
    parts.durability.onDurable(() => this.#release());
  }

  get counts(): EntryGateCounts {
    return { held: this.#held.length, released: this.#released, dropped: this.#dropped };
  }

  /** Takes the commands of event `seq`, which is journaled. */
  take(seq: number, commands: readonly Command[]): void {
    for (const command of commands)
      if (command.type === "submit" && command.order.value.role === "entry")
        this.#hold({ seq, clientOrderId: command.order.value.clientOrderId, command });
      else this.#pass(command);
  }

  /** The run ends: what still waits is never sent. */
  dropAll(): void {
    this.#drop(() => true, "the run ends");
  }

  #pass(command: Command): void {
    if (command.type === "cancel") {
      const { clientOrderId } = command;
      // There is nothing to take back: it never left, and will not.
      if (this.#drop((entry) => entry.clientOrderId === clientOrderId, "it was taken back")) return;
    }
    this.#parts.router.route(command);
    if (command.type === "state" && command.state !== "ACTIVE") this.#drop(() => true, "nothing is entered");
  }

  #hold(entry: HeldEntry): void {
    const { durability, wallClock } = this.#parts;
    if (entry.seq <= durability.durableSeq) return this.#send(entry);
    this.#held.push(entry);
    if (this.#held.length > ENTRIES_HELD_MAX) this.#drop((one) => one === entry, "too many wait");
    else if (!this.#timers.has(entry.seq)) {
      const expire = (): void => {
        this.#timers.delete(entry.seq);
        this.#drop(({ seq }) => seq === entry.seq, `its row was not stored within ${ENTRY_HOLD_MS_MAX} ms`);
      };
      this.#timers.set(entry.seq, wallClock.after(ENTRY_HOLD_MS_MAX, expire, { unref: true }));
    }
  }

  #release(): void {
    const { durableSeq } = this.#parts.durability;
    for (const entry of this.#takeOut(({ seq }) => seq <= durableSeq)) this.#send(entry);
  }

  #send({ command }: HeldEntry): void {
    this.#released++;
    this.#parts.router.route(command);
  }

  /** Tells the core that these entries were not sent; false when there was none. */
  #drop(isDropped: (entry: HeldEntry) => boolean, text: string): boolean {
    const dropped = this.#takeOut(isDropped);
    this.#dropped += dropped.length;
    for (const { clientOrderId } of dropped) {
      const outcome = { type: "refused", code: "NOT_SENT", text } as const;
      this.#parts.inbox.put({ type: "order-outcome", clientOrderId, outcome });
    }
    return dropped.length > 0;
  }

  /** Removes entries, in their order; a timer goes with the last one of its event. */
  #takeOut(isTaken: (entry: HeldEntry) => boolean): readonly HeldEntry[] {
    const taken = this.#held.filter(isTaken);
    const left = this.#held.filter((entry) => !isTaken(entry));
    this.#held.splice(0, this.#held.length, ...left);
    for (const { seq } of taken)
      if (!left.some((entry) => entry.seq === seq)) {
        this.#timers.get(seq)?.();
        this.#timers.delete(seq);
      }
    return taken;
  }
}
