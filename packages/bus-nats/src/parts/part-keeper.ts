import {
  assertNever,
  type CancelTimer,
  type Clock,
  type Logger,
  MINUTE_MS,
  minuteOf,
  repeat,
} from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import { assignParts } from "./assign-parts.ts";
import { type Beat, Members, type MemberView } from "./members.ts";
import { type Claim, PartClaims } from "./part-claims.ts";

/** How often the keeper looks, wall ms. */
const LOOK_MS = 100;
/** Beats in the time after which a silent member counts as gone. */
const BEATS = 5;
/** Who comes and who goes is looked at for so many beats before anything moves. */
const SETTLE_BEATS = 2;
/** Symbols that get no further do not hold a move up for longer, ms awake. */
export const WARM_MS_MAX = 120_000;
/** After a change of a claim that failed none of the part is tried for so long, ms awake. */
const REST_MS = 1_000;
/** Bars of the minute in which a part was lost are waited for so long, venue ms after its end. */
export const LEAVE_MS_MAX = 30_000;
/** Of a part that nobody has scanned for longer, only so much is caught up with, venue ms: what is older is of no use to anybody. */
export const CATCH_UP_MS_MAX = 900_000;

/** Who scans the symbols of parts. Nothing here waits. */
export interface PartHost {
  /**
   * Begins to watch the part's symbols. Bars that open at `fromMs` (venue ms) or later raise signals, also those that have closed
   * by now, and are told of once the part is. Called again for a part that is watched: tells from there on, and begins anew where
   * that lies before the minute in which it began.
   */
  warm(part: number, fromMs: number): void;
  /** Each of its symbols can be scanned as well as it will ever be. */
  isWarm(part: number): boolean;
  /** Ends what `warm` began. */
  release(part: number): void;
  /** Open time of the last minute of which every bar was told, venue ms; 0: of none since `warm`. */
  toldMs(part: number): number;
  /** What there is to say of this host. */
  counts(): { readonly symbols: number; readonly ready: number };
}

export interface KeeperOptions {
  readonly connection: BusConnection;
  /** Name of this process, no other's, 96 characters at most. */
  readonly member: string;
  readonly parts: number;
  /** A member that is silent for so long has gone, ms. */
  readonly ttlMs: number;
  readonly host: PartHost;
  readonly clock: Clock;
  readonly venueClock: Clock;
  readonly logger: Logger;
}

/**
 *   idle ─ given to us, owner lives ─► warming ─ warm ─► (claim) ─► held ─ another's claim ─► leaving ─ told ─► idle
 *     └─── given to us, owner gone ──────────────────────► (claim) ──┘
 */
type PartState = "idle" | "warming" | "held" | "leaving";

interface Part {
  state: PartState;
  /** A change of its claim is under way. */
  isChanging: boolean;
  /** When `warming` began, ms awake; the minute in which it was lost, venue ms. */
  sinceMs: number;
  /** The first minute that raises signals here, venue ms, since it is `warming`. */
  fromMs: number;
  /** Its claim is not changed before, ms awake. */
  restUntilMs: number;
}

/** How the parts stand, for people. */
export interface PartsView {
  readonly member: string;
  readonly parts: number;
  readonly held: number;
  readonly warming: number;
  readonly leaving: number;
  /** Parts that nobody owns, or whose owner has gone. */
  readonly orphans: number;
  /** Parts of this member whose claim does not say yet how far they have come. */
  readonly untold: number;
  /** Parts that this member has taken and lost since the start. */
  readonly taken: number;
  readonly lost: number;
  readonly members: readonly MemberView[];
}

/**
 * Which parts this scanner scans. Each member beats; from who beats and from who owns what, everybody reckons who is to have each
 * part. A part changes hands by one change of its claim: a planned move when the new owner is warm (the old one goes on until the
 * bars of that minute are told), the move of one that has gone at once, and what it has not told is caught up with. Two that scan
 * one part for a while find the same signals, which the bus keeps once.
 */
export class PartKeeper {
  readonly #options: KeeperOptions;
  readonly #members: Members;
  readonly #claims: PartClaims;
  readonly #parts: readonly Part[];
  #cancelLook: CancelTimer = () => {};
  #cancelBeat: CancelTimer = () => {};
  #nowMs = 0;
  #view = "";
  #goal: { readonly version: number; readonly owners: readonly string[] } | null = null;
  #settledAtMs = 0;
  #strangers = 0;
  #isLeaving = false;
  #taken = 0;
  #lost = 0;
  readonly #first = Promise.withResolvers<void>();
  #isFirst = true;

  private constructor(options: KeeperOptions, claims: PartClaims) {
    this.#options = options;
    this.#claims = claims;
    const { connection, clock, member, ttlMs } = options;
    this.#members = new Members(connection, clock, { member, beatMs: ttlMs / BEATS });
    this.#parts = Array.from({ length: options.parts }, () => ({
      state: "idle",
      isChanging: false,
      sinceMs: 0,
      fromMs: 0,
      restUntilMs: 0,
    }));
  }

  /** Opens the bucket of claims; takes nothing yet. Errors: BUS_REFUSED, BUS_UNREACHABLE. */
  static async open(options: KeeperOptions): Promise<PartKeeper> {
    return new PartKeeper(options, await PartClaims.open(options));
  }

  /** Beats and takes parts from now on; resolves when it has tried once to take those of its own that nobody has. */
  async start(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    this.#members.start();
    this.#nowMs = this.#members.look();
    this.#settledAtMs = this.#nowMs + this.#settleMs;
    this.#beat();
    this.#cancelBeat = repeat(clock, ttlMs / BEATS, () => this.#beat());
    this.#cancelLook = repeat(clock, LOOK_MS, () => this.#look());
    await this.#first.promise;
  }

  /** Whether bars of the part are told from here. */
  isTold(part: number): boolean {
    const state = this.#parts[part]?.state;
    return state === "held" || state === "leaving";
  }

  /** Whether the part is scanned here, and its signals told: before its bars are, so that an owner who dies leaves no minute without. */
  isScanned(part: number): boolean {
    return (this.#parts[part]?.state ?? "idle") !== "idle";
  }

  view(): PartsView {
    const { member, parts, ttlMs } = this.#options;
    const members = this.#members.within(ttlMs);
    const living = new Set(members.map((one) => one.member));
    const count = (state: PartState): number => this.#parts.filter((part) => part.state === state).length;
    return {
      member,
      parts,
      held: count("held"),
      warming: count("warming"),
      leaving: count("leaving"),
      orphans: this.#claims.owners().filter((owner) => owner === null || !living.has(owner)).length,
      untold: this.#parts.filter((part, index) => this.#isUntold(part, index)).length,
      taken: this.#taken,
      lost: this.#lost,
      members,
    };
  }

  /** Writes down how far it has come, and tells the others that it goes: they need not wait for its silence. */
  async stop(): Promise<void> {
    this.#cancelLook();
    this.#cancelBeat();
    this.#first.resolve();
    if (this.#options.connection.isConnected)
      await Promise.all(this.#parts.map((part, index) => this.#keepTold(part, index)));
    this.#isLeaving = true;
    this.#beat();
    this.#members.stop();
    this.#claims.stop();
  }

  get #settleMs(): number {
    return (SETTLE_BEATS * this.#options.ttlMs) / BEATS;
  }

  #beat(): void {
    const { member, parts, host } = this.#options;
    const held = this.#parts.filter(({ state }) => state === "held").length;
    const beat: Beat = { member, parts, held, ...host.counts(), isLeaving: this.#isLeaving };
    this.#members.send(beat);
  }

  #look(): void {
    this.#nowMs = this.#members.look();
    this.#parts.forEach((part, index) => this.#follow(part, index));
    // Who hears nothing knows nothing of the others: what is held stays held, and nothing is taken.
    if (this.#members.isDeaf) return;
    const members = this.#present();
    const view = members.join(" ");
    if (view !== this.#view) {
      this.#view = view;
      this.#goal = null;
      this.#settledAtMs = this.#nowMs + this.#settleMs;
      this.#options.logger.info({ members: members.length }, "scanners that share the universe");
    }
    if (this.#nowMs < this.#settledAtMs) return;
    this.#pursueAll(members);
    // Parts that nobody has are its own by then, should the bus answer.
    if (this.#isFirst && this.#parts.every((part) => !part.isChanging)) {
      this.#isFirst = false;
      this.#first.resolve();
    }
  }

  /** Who scans now, this member among them; those that cut the universe into other parts do not share it. */
  #present(): readonly string[] {
    const { member, parts, ttlMs } = this.#options;
    const present = new Set([member]);
    const strangers: MemberView[] = [];
    for (const one of this.#members.within(ttlMs))
      if (one.parts !== parts) strangers.push(one);
      else if (!one.isLeaving) present.add(one.member);
    if (strangers.length > this.#strangers)
      this.#options.logger.error(
        { strangers: strangers.length, parts, theirs: strangers[0]?.parts },
        "scanners that cut the universe into other parts: bus.parts must be the same everywhere",
      );
    this.#strangers = strangers.length;
    return [...present].sort();
  }

  #pursueAll(members: readonly string[]): void {
    const { version } = this.#claims;
    if (this.#goal?.version !== version)
      this.#goal = { version, owners: assignParts(members, this.#claims.owners()) };
    const living = new Set(members);
    this.#goal.owners.forEach((owner, index) => this.#pursue(index, owner === this.#options.member, living));
  }

  /** What has become of a part by others' doing, or by the end of a minute. */
  #follow(part: Part, index: number): void {
    const { host, member, venueClock } = this.#options;
    const owner = this.#claims.of(index)?.owner ?? null;
    const isOurs = owner === member;
    switch (part.state) {
      case "idle":
      case "warming":
        return;
      case "held":
        // Nobody's after servers have lost the claims: it is claimed again.
        if (isOurs || owner === null) {
          if (this.#nowMs >= part.restUntilMs) void this.#keepTold(part, index);
        } else {
          this.#lost++;
          this.#enter(part, "leaving", minuteOf(venueClock.nowMs()));
        }
        return;
      case "leaving":
        if (isOurs) this.#enter(part, "held", 0);
        else if (
          !part.isChanging &&
          (host.toldMs(index) >= part.sinceMs || venueClock.nowMs() > part.sinceMs + MINUTE_MS + LEAVE_MS_MAX)
        ) {
          host.release(index);
          this.#enter(part, "idle", 0);
        }
        return;
      default:
        assertNever(part.state);
    }
  }

  /** Takes a step towards having a part, or towards not having it. */
  #pursue(index: number, isWanted: boolean, living: ReadonlySet<string>): void {
    const part = this.#parts[index];
    if (part === undefined || part.isChanging || this.#nowMs < part.restUntilMs) return;
    const { host, member } = this.#options;
    const claim = this.#claims.of(index);
    if (!isWanted) {
      // Who is to have it takes it; until then it is scanned here.
      if (part.state !== "warming") return;
      host.release(index);
      this.#enter(part, "idle", 0);
      return;
    }
    if (part.state === "held") return;
    if (claim === null || claim.owner === member || !living.has(claim.owner)) {
      void this.#take(part, index, claim);
      return;
    }
    if (part.state === "idle") {
      part.fromMs = minuteOf(this.#options.venueClock.nowMs());
      host.warm(index, part.fromMs);
      this.#enter(part, "warming", this.#nowMs);
    } else if (part.state === "warming") {
      const isTooLong = this.#nowMs - part.sinceMs > WARM_MS_MAX;
      // Its owner may die the moment it has lost it: what is then untold must have been scanned here.
      const isWhole = claim.toldMs + MINUTE_MS >= part.fromMs;
      if (isTooLong || (isWhole && host.isWarm(index))) void this.#takeWarm(part, index, claim);
    }
  }

  /** A part whose owner is gone: ours at once, with what was not told of it; of one that nobody had, the present minute is the first. */
  async #take(part: Part, index: number, claim: Claim | null): Promise<void> {
    const { member, host, venueClock } = this.#options;
    const nowMs = minuteOf(venueClock.nowMs());
    // What has not begun yet was told by a clock that was wrong.
    const claimedMs = Math.min(claim?.toldMs ?? nowMs - MINUTE_MS, nowMs);
    const toldMs = Math.max(claimedMs, nowMs - CATCH_UP_MS_MAX);
    if (claim?.owner !== member && !(await this.#change(part, index, toldMs))) return;
    // Who was losing it has never stopped.
    if (part.state !== "leaving") host.warm(index, toldMs + MINUTE_MS);
    this.#taken++;
    this.#enter(part, "held", 0);
  }

  async #takeWarm(part: Part, index: number, claim: Claim): Promise<void> {
    const { host, venueClock } = this.#options;
    const toldMs = Math.min(claim.toldMs, minuteOf(venueClock.nowMs()));
    if (!(await this.#change(part, index, toldMs))) return;
    host.warm(index, Math.max(toldMs + MINUTE_MS, part.fromMs));
    this.#taken++;
    this.#enter(part, "held", 0);
  }

  async #keepTold(part: Part, index: number): Promise<void> {
    if (part.isChanging || !this.#isUntold(part, index)) return;
    await this.#change(part, index, this.#options.host.toldMs(index));
  }

  #isUntold(part: Part, index: number): boolean {
    const { host, member } = this.#options;
    const claim = this.#claims.of(index);
    if (part.state !== "held") return false;
    return claim === null || (claim.owner === member && host.toldMs(index) > claim.toldMs);
  }

  async #change(part: Part, index: number, toldMs: number): Promise<boolean> {
    part.isChanging = true;
    const isOurs = await this.#claims.change(index, { owner: this.#options.member, toldMs });
    part.isChanging = false;
    if (!isOurs) part.restUntilMs = this.#nowMs + REST_MS;
    return isOurs;
  }

  #enter(part: Part, state: PartState, sinceMs: number): void {
    part.state = state;
    part.sinceMs = sinceMs;
  }
}
