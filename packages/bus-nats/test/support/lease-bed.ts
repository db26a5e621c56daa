import { ManualClock, silentLogger, SystemClock } from "@smcq/kernel";
import {
  BusConnection,
  Lease,
  LeaseBucket,
  type LeaseEntry,
  type LeaseLoss,
  type LeaseOptions,
  type LeaseState,
  type LeaseStore,
  type LeaseTerms,
  leaseTerms,
  type LeaseWrite,
} from "../../src/index.ts";

const UNTIL_MS_MAX = 20_000;
const LOOK_MS = 2;
/** Limit of a question in these tests, where the machine may be slow, real ms. */
const ANSWER_MS = 1_000;
export const LEASE_MS = 3_000;
export const TERMS = leaseTerms(LEASE_MS, 2_000);
/** One taken from a store that is unchanged so long. */
export const TAKE_MS: number = LEASE_MS + TERMS.marginMs;

/** Waits until `isSo`, real time. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  const clock = new SystemClock();
  const endMs = clock.monoNs() / 1e6 + UNTIL_MS_MAX;
  while (!isSo()) {
    if (clock.monoNs() / 1e6 > endMs) throw new Error(`not within ${UNTIL_MS_MAX} ms: ${what}`);
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
}

/** A store over a real one, whose writes can be held up or lose their answers. */
export class FaultyStore implements LeaseStore {
  readonly #inner: LeaseStore;
  /** What becomes of the next writes. */
  fault: "none" | "lose-answer" | "lose-write" | "delay-answer" = "none";
  writes = 0;
  #delayed: (() => void)[] = [];

  constructor(inner: LeaseStore) {
    this.#inner = inner;
  }

  get delayedCount(): number {
    return this.#delayed.length;
  }

  letGo(): void {
    for (const go of this.#delayed.splice(0)) go();
  }

  get sinceMs(): number {
    return this.#inner.sinceMs;
  }

  seen(key: string): LeaseEntry | null {
    return this.#inner.seen(key);
  }

  async read(key: string): Promise<LeaseEntry | null> {
    return this.#inner.read(key);
  }

  async write(key: string, text: string, revision: number): Promise<LeaseWrite> {
    const { fault } = this;
    const written: LeaseWrite =
      fault === "lose-write"
        ? { type: "unknown", reason: "lost" }
        : await this.#inner.write(key, text, revision);
    this.writes++;
    if (fault === "delay-answer") await new Promise<void>((resolve) => void this.#delayed.push(resolve));
    return fault === "lose-answer" ? { type: "unknown", reason: "lost" } : written;
  }
}

/** One host: a connection, clocks of its own that move when told, and a lease. */
export class Host {
  readonly clock: ManualClock;
  readonly bus: BusConnection;
  readonly bucket: LeaseBucket;
  readonly store: FaultyStore;
  readonly lease: Lease;
  readonly states: LeaseState[] = [];
  readonly losses: (LeaseLoss | null)[] = [];
  /** How far the wall's clock is off the monotonic one. */
  wallOffsetMs = 0;
  floor = 0;

  private constructor(
    bus: BusConnection,
    clock: ManualClock,
    bucket: LeaseBucket,
    { label, terms }: { readonly label: string; readonly terms: LeaseTerms },
  ) {
    this.bus = bus;
    this.clock = clock;
    this.bucket = bucket;
    this.store = new FaultyStore(this.bucket);
    this.lease = new Lease(this.#optionsOf(label, terms));
  }

  static async open(url: string, label: string, terms: LeaseTerms = TERMS): Promise<Host> {
    const bus = await BusConnection.open({
      url,
      name: "smcq",
      nkeyFile: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      connectTimeoutMs: UNTIL_MS_MAX,
      client: label,
      logger: silentLogger,
    });
    const clock = new ManualClock(1_000_000);
    const bucket = await LeaseBucket.open({
      bus,
      clock,
      logger: silentLogger,
      answerMs: ANSWER_MS,
      replicas: 1,
    });
    // The watch begins.
    clock.advance(0);
    return new Host(bus, clock, bucket, { label, terms });
  }

  /** Moves this host's time by `ms` in steps of a renewal, each of which is answered. */
  async live(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    while (this.clock.nowMs() < endMs) {
      const before = this.lease.renewals;
      this.clock.advanceTo(Math.min(endMs, this.clock.nowMs() + TERMS.renewMs));
      if (this.clock.nowMs() < endMs)
        await until(() => this.lease.renewals > before, "a renewal is answered");
    }
  }

  /** Moves this host's time on, little by little, until `isSo`. */
  async liveUntil(isSo: () => boolean, what: string): Promise<void> {
    await until(() => {
      if (isSo()) return true;
      this.clock.advance(TERMS.renewMs / 10);
      return isSo();
    }, what);
  }

  /** Takes the lease as soon as its own clock lets it, others standing still. */
  async takeInTime(): Promise<void> {
    for (;;) {
      const taking = await this.lease.take();
      if (taking.type === "taken") return;
      this.clock.advance(taking.waitMs);
    }
  }

  async close(): Promise<void> {
    this.lease.stop();
    this.bucket.close();
    await this.bus.close();
  }

  #optionsOf(label: string, terms: LeaseTerms): LeaseOptions {
    let owners = 0;
    return {
      store: this.store,
      key: "account",
      label,
      terms,
      clock: this.clock,
      newOwner: () => `${label}-${++owners}`,
      epochFloor: () => this.floor,
      wallMs: () => this.clock.nowMs() + this.wallOffsetMs,
      onChange: (state, loss) => {
        this.states.push(state);
        this.losses.push(loss);
      },
      logger: silentLogger,
    };
  }
}
