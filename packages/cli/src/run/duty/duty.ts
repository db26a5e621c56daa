import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type {
  BusConnection,
  JournalStream,
  Lease,
  LeaseBucket,
  LeaseState,
  Snapshots,
  Standbys,
} from "@smcq/bus-nats";
import type { EngineConfig } from "@smcq/config";
import { ENGINE_ID_LENGTH } from "@smcq/engine";
import { type CancelTimer, type Clock, errorMessage, type Logger, repeat, SmcqError } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import type { AccountDuty } from "../../accounts/account.ts";
import type { DutyView } from "../../control/duty-view.ts";
import { openBus } from "../../bus/open-bus.ts";
import { FollowedLedger } from "./followed-ledger.ts";
import { JournalCopy } from "./journal-copy.ts";
import { OrderRight, VENUE_AHEAD_MS } from "./order-right.ts";
import { VenueEar } from "./venue-ear.ts";
import { WarmCore } from "./warm-core.ts";

/** The lease of who trades on the account. */
const LEASE_KEY = "executor";
/** Who took the lease reads what the holder before wrote for so long, wall ms, and then goes on with what it has. */
export const CATCH_UP_MS_MAX = 3_000;
/** One that lacks rows, or that no venue answers, lets others have a lease first that nobody renews, for so long, wall ms. */
export const UNREADY_MS_MAX = 10_000;
/** A try to take the lease is at least so far from the one before, wall ms. */
const TRY_MS_MIN = 10;
const LOOK_MS = 10;
/** How often it is looked whether the venue answers who holds the lease, wall ms. */
const VENUE_LOOK_MS = 500;
const EPOCH_FILE = "epoch";

export interface DutyOptions {
  readonly config: Pick<EngineConfig, "bus" | "dataDir" | "role">;
  readonly wallClock: Clock;
  readonly logger: Logger;
  /** A small question to the venue; resolves when it has answered. */
  readonly askVenue: () => Promise<unknown>;
  /** Aborted: nothing is waited for any more. */
  readonly signal: AbortSignal;
  /** Another host has the account: nothing of this process can mend that. */
  readonly fail: (error: SmcqError) => void;
}

interface DutyParts {
  readonly bus: BusConnection;
  readonly bucket: LeaseBucket;
  readonly stream: JournalStream;
  readonly snapshots: Snapshots;
  readonly standbys: Standbys;
}

/**
 * The account's duty among hosts: who wants it follows the holder's journal until it takes the lease, catches up, waits until
 * nothing of the one before can take effect, and then trades as after a restart (docs/lease.md).
 *
 *   follow ─► take ─► catch up ─► (start as always) ─► untilMayAct ─► trade ─► lost: the process ends, and comes back to follow
 */
export class Duty implements AccountDuty {
  readonly right: OrderRight;
  /** The core of the run that is gone on with, as far as it was followed. */
  readonly warm: WarmCore;
  readonly #options: DutyOptions;
  readonly #parts: DutyParts;
  readonly #lease: Lease;
  readonly #listeners = new Set<(isHeld: boolean) => void>();
  #follow: FollowedLedger | null = null;
  #copy: JournalCopy | null = null;
  readonly #ear: VenueEar;
  #cancelVenueLook: CancelTimer = () => {};
  #holder = "";
  #isClosing = false;
  /** What the listeners were told last. */
  #isToldHeld = true;
  #isWaiting = false;

  private constructor(options: DutyOptions, parts: DutyParts, lease: Lease) {
    this.#options = options;
    this.#parts = parts;
    this.#lease = lease;
    const { config, wallClock: clock, logger } = options;
    this.#ear = new VenueEar({ ask: options.askVenue, clock });
    this.warm = new WarmCore({ file: ledgerFile(config.dataDir), clock, logger });
    this.right = new OrderRight({
      lease,
      windowMsMax: options.config.bus.orderWindowMs,
      clock: options.wallClock,
      onLacking: () => this.#lacks(),
    });
  }

  /** Meets the bus. Errors: BUS_*. */
  static async open(options: DutyOptions): Promise<Duty> {
    const { config, wallClock: clock, logger } = options;
    const { bus: net, role, dataDir } = config;
    const {
      JournalStream: Stream,
      Lease: OwnLease,
      LeaseBucket: Bucket,
      leaseTerms,
      Snapshots: Store,
      Standbys: Waiting,
    } = await import("@smcq/bus-nats");
    const bus = await openBus(net, role, logger);
    try {
      const terms = leaseTerms(net.leaseMs, net.orderWindowMs + VENUE_AHEAD_MS);
      const { answerMs } = terms;
      const bucket = await Bucket.open({ bus, clock, logger, answerMs, replicas: net.replicas });
      const stream = await Stream.open({ bus, answerMs: net.connectTimeoutMs, replicas: net.replicas });
      const snapshots = await Store.open(bus, net.replicas);
      const lease = new OwnLease({
        store: bucket,
        key: LEASE_KEY,
        label: `${role} ${hostname()} ${process.pid}`,
        terms,
        clock,
        newOwner: randomUUID,
        epochFloor: () => Math.max(readEpoch(dataDir), duty.#follow?.epochMax ?? 0),
        wallMs: () => clock.nowMs(),
        onChange: (state) => duty.#changed(state),
        logger,
      });
      const duty = new Duty(
        options,
        { bus, bucket, stream, snapshots, standbys: new Waiting(bus, clock) },
        lease,
      );
      return duty;
    } catch (error) {
      await bus.close();
      throw error;
    }
  }

  /** The four characters that begin the ids of this holding's orders: its epoch. */
  get engineId(): string {
    return engineIdOf(this.#lease.epoch);
  }

  isPredecessor(engineId: string): boolean {
    return Number.parseInt(engineId, 36) < this.#lease.epoch;
  }

  /** Whether this host may send now; where it may not, listeners hear when it may. */
  look(): boolean {
    if (this.right.lacks) this.#lacks();
    return this.#isToldHeld;
  }

  get copy(): JournalCopy | null {
    return this.#copy;
  }

  get view(): DutyView {
    const { bus, bucket, standbys } = this.#parts;
    const { state, epoch, renewals, failures, answerMs } = this.#lease;
    return {
      role: this.#options.config.role,
      isConnected: bus.isConnected,
      losses: bus.losses,
      lease: {
        state,
        epoch,
        heldMs: Math.max(0, Math.round(this.#lease.heldMs())),
        holder: bucket.seen(LEASE_KEY)?.value?.label ?? "",
        renewals,
        failures,
        answerMs,
        reversions: bucket.reversions,
      },
      refusals: this.right.refusals,
      venueSilentMs: Math.round(this.#ear.silentMs),
      standbys: standbys.reaching,
      copy: this.#copy?.view ?? null,
      follow: this.#follow?.view ?? null,
    };
  }

  /** `listener` hears when this host may no longer, or again, send. */
  onHeld(listener: (isHeld: boolean) => void): void {
    this.#listeners.add(listener);
  }

  /** Follows the holder's journal until the lease is ours, and all of the journal is here. Errors: BUS_*, LEDGER_*. */
  async takeOver(): Promise<void> {
    const { config, wallClock: clock, logger, signal } = this.#options;
    const file = ledgerFile(config.dataDir);
    const onReplaced = (): void => this.warm.reset();
    this.#follow = new FollowedLedger({ ...this.#parts, file, clock, logger, onReplaced });
    await this.#follow.start();
    this.warm.start();
    this.#ear.start();
    this.#parts.standbys.wait(() => this.#ear.reaches);
    try {
      await this.#take();
      writeEpoch(config.dataDir, this.#lease.epoch);
      this.#parts.standbys.listen();
      this.#cancelVenueLook = repeat(clock, VENUE_LOOK_MS, () => this.#lookAtVenue());
      const isWhole = await this.#follow.catchUp(CATCH_UP_MS_MAX);
      if (!isWhole)
        logger.error(
          { ...this.#follow.view },
          "rows of the holder before are missing here: what the account holds is adopted",
        );
    } finally {
      this.#follow.close();
    }
    signal.throwIfAborted();
    const { bus, stream, snapshots } = this.#parts;
    this.#copy = new JournalCopy({
      bus,
      stream,
      snapshots,
      dataDir: config.dataDir,
      file,
      epoch: this.#lease.epoch,
      isAwaited: config.bus.replicatedIntents,
      wallClock: clock,
      logger,
      onSuperseded: () => this.#lost("a newer epoch writes the journal"),
    });
  }

  /** Waits until nothing of the holder before can take effect any more. */
  async untilMayAct(): Promise<void> {
    const { wallClock, signal } = this.#options;
    while (!this.#lease.mayAct()) {
      signal.throwIfAborted();
      if (this.#lease.state === "lost") throw lostError("another host has taken it while this one started");
      await new Promise<void>((resolve) => wallClock.after(LOOK_MS, resolve));
    }
  }

  /** Gives the account up: nothing is sent any more. `tailMs`: how long what was sent may still take effect. */
  async close(tailMs: number): Promise<void> {
    this.#isClosing = true;
    // Who comes next goes on behind the last row.
    if (this.#lease.isHeld()) await this.#copy?.settled();
    this.#copy?.close();
    this.#follow?.close();
    this.warm.stop();
    this.#ear.stop();
    this.#cancelVenueLook();
    this.#parts.standbys.stop();
    await this.#lease.release(tailMs);
    this.#parts.bucket.close();
    await this.#parts.bus.close();
  }

  /** How long what this process has sent may still take effect, ms. */
  get tailMs(): number {
    return this.#lease.terms.tailMs;
  }

  async #take(): Promise<void> {
    const { wallClock, signal } = this.#options;
    const { bucket } = this.#parts;
    let renewedNs = wallClock.monoNs();
    let change = Promise.withResolvers<void>();
    const stop = bucket.onChange((key) => {
      if (key !== LEASE_KEY) return;
      renewedNs = wallClock.monoNs();
      change.resolve();
    });
    try {
      for (;;) {
        signal.throwIfAborted();
        const isReady = this.#follow?.isWhole === true && this.#ear.reaches;
        const isLate = (wallClock.monoNs() - renewedNs) / 1e6 > UNREADY_MS_MAX;
        change = Promise.withResolvers<void>();
        let waitMs = LOOK_MS;
        if (isReady || isLate) {
          const taking = await this.#lease.take();
          if (taking.type === "taken") break;
          waitMs = Math.max(TRY_MS_MIN, taking.waitMs);
          this.#noteHolder(taking.owner, taking.epoch);
        }
        const cancel = wallClock.after(waitMs, change.resolve);
        const onAbort = (): void => change.resolve();
        signal.addEventListener("abort", onAbort, { once: true });
        await change.promise;
        signal.removeEventListener("abort", onAbort);
        cancel();
      }
    } finally {
      stop();
    }
    const { epoch } = this.#lease;
    this.#options.logger.info({ epoch, engineId: this.engineId }, "this host takes the account over");
  }

  #noteHolder(owner: string, epoch: number): void {
    if (owner === this.#holder) return;
    this.#holder = owner;
    if (owner !== "")
      this.#options.logger.info({ holder: owner, epoch }, "another host trades: this one is its standby");
  }

  /** Who cannot send guards nothing: the account is another one's that can. The process ends, and gives the lease up as at every end. */
  #lookAtVenue(): void {
    const { config, logger, fail } = this.#options;
    const silentMs = Math.round(this.#ear.silentMs);
    const standbys = this.#parts.standbys.reaching;
    if (silentMs < config.bus.venueLostMs || standbys === 0 || this.#isClosing) return;
    this.#cancelVenueLook();
    logger.error({ silentMs, standbys }, "the venue does not answer this host, and a standby reaches it");
    const text = `the venue has not answered this host for ${silentMs} ms, and a standby reaches it: the account is left to that one`;
    fail(new SmcqError("BUS_VENUE_LOST", text));
  }

  #changed(state: LeaseState): void {
    if (this.#isClosing) return;
    if (state === "lost") {
      this.#tell(false);
      this.#lost("another host has taken it");
    } else if (state === "lapsed") this.#lacks();
    else if (state === "held") void this.#untilHeld();
  }

  /** This host may not send: a process that stood for longer than its lease finds out when it wants to. */
  #lacks(): void {
    this.#tell(false);
    void this.#untilHeld();
  }

  /** After a lapse it may act some time later only. */
  async #untilHeld(): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const { wallClock } = this.#options;
    const isOver = (): boolean => this.#lease.state !== "held" && this.#lease.state !== "lapsed";
    while (!isOver() && this.right.lacks)
      await new Promise<void>((resolve) => wallClock.after(LOOK_MS, resolve, { unref: true }));
    this.#isWaiting = false;
    if (!isOver()) this.#tell(true);
  }

  #tell(isHeld: boolean): void {
    if (this.#isClosing || isHeld === this.#isToldHeld) return;
    this.#isToldHeld = isHeld;
    for (const listener of this.#listeners) listener(isHeld);
  }

  #lost(reason: string): void {
    if (this.#isClosing) return;
    this.#options.fail(lostError(reason));
  }
}

/** A host that shares its account takes the duty; null: the account is this host's alone, and nothing of a bus is loaded. */
export async function openDuty(options: DutyOptions, isAccountShared: boolean): Promise<Duty | null> {
  return options.config.bus.url === null || !isAccountShared ? null : Duty.open(options);
}

export function engineIdOf(epoch: number): string {
  return epoch.toString(36).padStart(ENGINE_ID_LENGTH, "0");
}

function lostError(reason: string): SmcqError {
  return new SmcqError(
    "BUS_LEASE_LOST",
    `the account is another host's: ${reason}; this one ends its trading`,
  );
}

/** The highest epoch that this data folder knows; 0: none. */
function readEpoch(dataDir: string): number {
  try {
    const epoch = Number(readFileSync(join(dataDir, EPOCH_FILE), "utf8"));
    return Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw new SmcqError("BUS_LEASE", `the epoch of ${dataDir} cannot be read: ${errorMessage(error)}`);
  }
}

function writeEpoch(dataDir: string, epoch: number): void {
  mkdirSync(dataDir, { recursive: true });
  const file = join(dataDir, EPOCH_FILE);
  writeFileSync(`${file}.new`, `${epoch}\n`);
  renameSync(`${file}.new`, file);
}
