import { assert, type CancelTimer, type Clock, type Logger, SmcqError } from "@smcq/kernel";
import { BusErrorCode } from "../errors.ts";
import type { LeaseEntry, LeaseStore } from "./lease-bucket.ts";
import {
  actFromMs,
  givenFromMs,
  holdEndMs,
  type LeaseTerms,
  longerTerms,
  takeFromMs,
} from "./lease-terms.ts";
import { epochAfter, type LeaseValue, writeLeaseValue } from "./lease-value.ts";

/**
 * Where a lease stands for this process:
 *
 *   idle ──take──► held ──no answer until its end──► lapsed ──a renewal counts──► held
 *    ▲               │                                 │
 *    │               ├──release──► released            │
 *    └─take again────┴──another's, gone, gone back─────┴──► lost
 */
export type LeaseState = "idle" | "held" | "lapsed" | "lost" | "released";

/** Why a lease is lost for good: another took it, the key is gone, or the store stands where it stood before. */
export type LeaseLoss = "taken" | "gone" | "reverted";

export type LeaseTaking =
  | { readonly type: "taken" }
  /** Not now: `waitMs` from now it is worth another try; `owner` is the label of who holds it, "" when nobody does. */
  | { readonly type: "waits"; readonly waitMs: number; readonly owner: string; readonly epoch: number };

export interface LeaseOptions {
  readonly store: LeaseStore;
  readonly key: string;
  /** Role and host, for persons. */
  readonly label: string;
  readonly terms: LeaseTerms;
  readonly clock: Clock;
  /** One name for one holding; never the same twice. */
  readonly newOwner: () => string;
  /** Highest epoch that is known from elsewhere (own files, the journal): the next one is above it. */
  readonly epochFloor?: () => number;
  /**
   * Reads a second clock, ms, which goes on while the machine sleeps and the monotonic one stands; a lease is held only while
   * both say so. null: none.
   */
  readonly wallMs: (() => number) | null;
  readonly onChange: (state: LeaseState, loss: LeaseLoss | null) => void;
  readonly logger: Logger;
}

/** When a renewal left, by both clocks. */
interface Sent {
  readonly monoMs: number;
  readonly wallMs: number;
}

/**
 * One lease of the bucket, for one process. It holds from the time at which a renewal was sent, by its own clocks, so that
 * neither a late answer nor a server's clock can make it longer. `isHeld` asks the clock, not the state: a process that was
 * frozen knows at once. docs/lease.md has the bounds and their proof.
 */
export class Lease {
  readonly key: string;
  readonly terms: LeaseTerms;
  readonly #options: LeaseOptions;
  #state: LeaseState = "idle";
  #owner = "";
  #epoch = 0;
  #beat = 0;
  #revision = 0;
  #sent: Sent = { monoMs: -Infinity, wallMs: -Infinity };
  #actFromMs = Infinity;
  /** The last write has no answer: it may stand in the store. */
  #isUnsure = false;
  #isBusy = false;
  #renewals = 0;
  #failures = 0;
  #answerMs = 0;
  #cancelTurn: CancelTimer = () => {};
  #cancelLapse: CancelTimer = () => {};

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.key = options.key;
    this.terms = options.terms;
  }

  get state(): LeaseState {
    return this.#state;
  }

  /** Of the holding that is, or was last; 0: none yet. */
  get epoch(): number {
    return this.#epoch;
  }

  get renewals(): number {
    return this.#renewals;
  }

  /** Renewals without an answer, or with a no. */
  get failures(): number {
    return this.#failures;
  }

  /** How long the last renewal's answer took, ms. */
  get answerMs(): number {
    return this.#answerMs;
  }

  /** From when on its holder may act, ms of the monotonic clock: what the one before did can take no effect any more. */
  get actFromMs(): number {
    return this.#actFromMs;
  }

  /** When the last renewal that counted was sent, ms of the monotonic clock. */
  get sentMs(): number {
    return this.#sent.monoMs;
  }

  /** How long it is held yet without another renewal, ms; 0 and less: it is not held. */
  heldMs(): number {
    if (this.#state !== "held") return 0;
    const { clock, wallMs } = this.#options;
    const left = holdEndMs(this.#sent.monoMs, this.terms) - clock.monoNs() / 1e6;
    if (wallMs === null) return left;
    const passedMs = wallMs() - this.#sent.wallMs;
    // A clock that was set back says nothing about how long it is.
    if (passedMs < -this.terms.marginMs) return 0;
    return Math.min(left, holdEndMs(0, this.terms) - passedMs);
  }

  /** Whether this process holds it now, by its own clocks. */
  isHeld(): boolean {
    return this.heldMs() > 0;
  }

  /** Whether it is held, and what a holder before did is over. */
  mayAct(): boolean {
    return this.#options.clock.monoNs() / 1e6 >= this.#actFromMs && this.isHeld();
  }

  /** Takes the lease when it is free, or unchanged for long enough. Throws BUS_LEASE when its epochs are used up. */
  async take(): Promise<LeaseTaking> {
    assert(
      this.#state !== "held" && this.#state !== "lapsed" && !this.#isBusy,
      "Invariant: a lease is taken once",
    );
    this.#isBusy = true;
    try {
      return await this.#take();
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Gives it up at once; whoever wants it need not wait. `tailMs`: how long from now what was done before may still take
   * effect, 0 when all of it was answered. Resolves when the server has it, or does not answer: then it ends by itself.
   */
  async release(tailMs: number): Promise<void> {
    if (this.#state !== "held" && this.#state !== "lapsed") return;
    const value = this.#value({ owner: "", tailMs });
    this.#end("released", null);
    const { store } = this.#options;
    const written = this.#isUnsure ? null : await store.write(this.key, value, this.#revision);
    if (written?.type === "done") return;
    // A renewal was on its way: the number of the last write is another one.
    const entry = await store.read(this.key);
    if (entry !== null && this.#isOwn(entry)) await store.write(this.key, value, entry.revision);
  }

  /** Ends all timers without a word to the server, as a process that dies would. */
  stop(): void {
    if (this.#state === "held" || this.#state === "lapsed") this.#end("lost", null);
  }

  async #take(): Promise<LeaseTaking> {
    const { store, newOwner, label, epochFloor } = this.#options;
    const seen = store.seen(this.key);
    if (seen !== null) {
      const waits = this.#waits(seen);
      if (waits !== null) return waits;
    }
    const entry = await store.read(this.key);
    if (entry === null)
      return { type: "waits", waitMs: this.terms.renewMs, owner: seen?.value?.label ?? "", epoch: 0 };
    const waits = this.#waits(entry);
    if (waits !== null) return waits;
    const epoch = epochAfter(Math.max(entry.epochMax, epochFloor?.() ?? 0));
    if (epoch === null)
      throw new SmcqError(BusErrorCode.Lease, `the lease ${this.key} has used up all its epochs`);
    const sent = this.#now();
    const owner = newOwner();
    const { leaseMs, tailMs } = this.terms;
    const value: LeaseValue = { epoch, owner, label, beat: 0, leaseMs, tailMs };
    const written = await store.write(this.key, writeLeaseValue(value), entry.revision);
    let revision: number | null = written.type === "done" ? written.revision : null;
    if (written.type === "unknown") {
      const found = await store.read(this.key);
      if (found?.value?.owner === owner) ({ revision } = found);
    }
    if (revision === null) return { type: "waits", waitMs: this.terms.renewMs, owner: "", epoch };
    this.#owner = owner;
    this.#epoch = epoch;
    this.#beat = 0;
    this.#actFromMs = this.#actFrom(entry);
    this.#isUnsure = false;
    this.#sent = sent;
    this.#count(revision, sent);
    this.#turnLater(this.terms.renewMs);
    return { type: "taken" };
  }

  /** What somebody who waits has to do, or null when it may be taken now. */
  #waits(entry: LeaseEntry): LeaseTaking | null {
    const { value } = entry;
    // Nothing there may mean that it was deleted under one who still holds it: that waits as long.
    if (value !== null && value.owner === "") return null;
    const terms = longerTerms(this.terms, entry.longest);
    const waitMs = takeFromMs(this.#unchangedSinceMs(entry), terms) - this.#options.clock.monoNs() / 1e6;
    if (waitMs <= 0) return null;
    return { type: "waits", waitMs, owner: value?.label ?? "", epoch: value?.epoch ?? 0 };
  }

  #actFrom(entry: LeaseEntry): number {
    const sinceMs = this.#unchangedSinceMs(entry);
    const { value } = entry;
    const terms = longerTerms(this.terms, entry.longest);
    if (value === null || value.owner !== "") return actFromMs(sinceMs, terms);
    return givenFromMs({ seenMs: sinceMs, tailMs: value.tailMs }, terms);
  }

  /** By which any other that was ever seen is waited for. */
  get #othersTerms(): LeaseTerms {
    const seen = this.#options.store.seen(this.key);
    return seen === null ? this.terms : longerTerms(this.terms, seen.longest);
  }

  #unchangedSinceMs({ seenMs }: LeaseEntry): number {
    return Math.max(seenMs, this.#options.store.sinceMs);
  }

  #now(): Sent {
    return {
      monoMs: this.#options.clock.monoNs() / 1e6,
      wallMs: this.#options.wallMs?.() ?? 0,
    };
  }

  #value(given: Partial<LeaseValue>): string {
    const { label } = this.#options;
    const { leaseMs, tailMs } = this.terms;
    this.#beat++;
    return writeLeaseValue({
      epoch: this.#epoch,
      owner: this.#owner,
      label,
      beat: this.#beat,
      leaseMs,
      tailMs,
      ...given,
    });
  }

  /** A renewal that was sent then counts: it holds from then, whenever its answer came. */
  #count(revision: number, sent: Sent): void {
    // Others could have taken it in between, in a store that then lost its end: whatever they did has to be over.
    const nowMs = this.#options.clock.monoNs() / 1e6;
    if (nowMs >= this.#sent.monoMs + this.terms.leaseMs)
      this.#actFromMs = Math.max(this.#actFromMs, actFromMs(nowMs, this.#othersTerms));
    this.#revision = revision;
    this.#sent = sent;
    const leftMs = holdEndMs(sent.monoMs, this.terms) - nowMs;
    this.#cancelLapse();
    if (leftMs <= 0) return this.#lapse();
    this.#cancelLapse = this.#options.clock.after(leftMs, () => this.#lapse(), { unref: true });
    if (this.#state !== "held") this.#change("held", null);
  }

  #lapse(): void {
    if (this.#state !== "lapsed") this.#change("lapsed", null);
  }

  #turnLater(delayMs: number): void {
    this.#cancelTurn();
    this.#cancelTurn = this.#options.clock.after(delayMs, () => void this.#turn(), { unref: true });
  }

  async #turn(): Promise<void> {
    const owner = this.#owner;
    const isOver = (): boolean =>
      owner !== this.#owner || (this.#state !== "held" && this.#state !== "lapsed");
    // After its end, or a write without an answer, the number of the last write alone proves nothing.
    if ((this.#isUnsure || !this.isHeld()) && !(await this.#look(isOver))) return;
    const sent = this.#now();
    const written = await this.#options.store.write(this.key, this.#value({}), this.#revision);
    if (isOver()) return;
    this.#answerMs = this.#options.clock.monoNs() / 1e6 - sent.monoMs;
    this.#isUnsure = written.type !== "done";
    if (written.type === "done") {
      this.#renewals++;
      this.#count(written.revision, sent);
    } else this.#failures++;
    this.#turnLater(written.type === "conflict" ? 0 : this.terms.renewMs);
  }

  /** Asks whose it is. True: still ours, at the revision that was found. */
  async #look(isOver: () => boolean): Promise<boolean> {
    const entry = await this.#options.store.read(this.key);
    if (isOver()) return false;
    if (entry === null) {
      this.#failures++;
      this.#turnLater(this.terms.renewMs);
      return false;
    }
    if (entry.revision < this.#revision) {
      this.#end("lost", entry.revision === 0 ? "gone" : "reverted");
      return false;
    }
    if (!this.#isOwn(entry)) {
      this.#end("lost", entry.value === null ? "gone" : "taken");
      return false;
    }
    this.#revision = entry.revision;
    this.#isUnsure = false;
    return true;
  }

  #isOwn({ value }: LeaseEntry): boolean {
    return value !== null && value.owner === this.#owner && value.epoch === this.#epoch;
  }

  #end(state: "lost" | "released", loss: LeaseLoss | null): void {
    this.#cancelTurn();
    this.#cancelLapse();
    this.#change(state, loss);
  }

  #change(state: LeaseState, loss: LeaseLoss | null): void {
    this.#state = state;
    const { logger, onChange } = this.#options;
    const fields = { key: this.key, epoch: this.#epoch, state, ...(loss === null ? {} : { loss }) };
    if (state === "held" || state === "released") logger.info(fields, "lease changed");
    else logger.warn(fields, "lease changed");
    onChange(state, loss);
  }
}
