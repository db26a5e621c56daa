import type { KnobId } from "@smcq/exchange-sim";
import { E8, type SymbolId } from "@smcq/kernel";
import { countFault, type SimStats } from "../../stats.ts";
import type { AccountDesk } from "../account-desk.ts";
import type { Gatekeeper } from "../rest/auth.ts";
import type { UserStream } from "../stream/user-stream.ts";
import type { FalseAnswers } from "./answers.ts";
import type { Person } from "./person.ts";
import { POSITION_DEEDS, type PositionDeed, type PositionDeeds } from "./position-deeds.ts";
import { noTroubles, type Troubles } from "./troubles.ts";

/** Faults of the venue and the account that happen at times of their own. */
const ACCOUNT_DEEDS = [
  "EX20",
  "EX27",
  "EX28",
  "EX31",
  "AC04",
  "AC05",
  "AC06",
  "AC07",
  "AC10",
  "AC11",
  "AC15",
  "PR16",
] as const satisfies readonly KnobId[];

type AccountDeed = (typeof ACCOUNT_DEEDS)[number];

const TRANSFER_E8 = 100n * E8;

interface Parts {
  readonly desk: AccountDesk;
  readonly stream: UserStream;
  readonly answers: FalseAnswers;
  readonly person: Person;
  readonly positions: PositionDeeds;
  readonly gatekeeper: Gatekeeper;
  readonly troubles: Troubles;
  readonly stats: SimStats;
  readonly ban: (untilMs: number) => void;
}

/** Fires what the plan says of the account: the venue's doings, a person's, somebody else's. */
export class AccountSchedule {
  readonly #parts: Parts;
  readonly #done = new Map<KnobId, number>();
  #startMs: number;
  #revokedUntilMs = 0;
  /** PR16: until when the stream is silent; infinite: for good. */
  #mutedUntilMs = 0;
  /** The plan has switched hedge mode on. */
  #isDualOurs = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startMs = parts.desk.venue.time.startMs;
  }

  /** Counts the times of a new plan from now on; what lasted is over. */
  restart(nowMs: number): void {
    const { desk, stream, gatekeeper, troubles, answers, positions } = this.#parts;
    this.#done.clear();
    answers.restart();
    positions.restart();
    this.#startMs = nowMs;
    this.#revokedUntilMs = this.#mutedUntilMs = 0;
    stream.setMuted(false);
    Object.assign(troubles, noTroubles());
    Object.assign(desk.switches, { lockedUntilMs: 0, isDual: desk.switches.isDual && !this.#isDualOurs });
    this.#isDualOurs = false;
    gatekeeper.setRevoked(false);
    for (const { id } of desk.listed()) desk.exchange.setFiringRejected(id, false);
  }

  /** Fires what is due. */
  run(nowMs: number): void {
    const { faults } = this.#parts.desk.venue;
    this.#parts.gatekeeper.setRevoked(nowMs < this.#revokedUntilMs);
    this.#parts.stream.setMuted(nowMs < this.#mutedUntilMs);
    this.#parts.desk.exchange.setStrictReduceOnly(faults.isOn("EX33"));
    for (const id of [...ACCOUNT_DEEDS, ...POSITION_DEEDS]) {
      const count = this.#done.get(id) ?? 0;
      const offsetMs = faults.eventMs(id, count);
      if (offsetMs === null || nowMs < this.#startMs + offsetMs) continue;
      // What needs a position or a symbol waits for one.
      if (!this.#parts.desk.act(() => this.#fire(id, count, nowMs))) continue;
      this.#done.set(id, count + 1);
      countFault(this.#parts.stats, id);
    }
  }

  /** False: there is nothing yet that it could happen to. */
  #fire(id: AccountDeed | PositionDeed, count: number, nowMs: number): boolean {
    return isOfPosition(id)
      ? this.#parts.positions.strike(id, count, nowMs)
      : this.#fireAccount(id, count, nowMs);
  }

  #fireAccount(id: AccountDeed, count: number, nowMs: number): boolean {
    const { desk, stream, gatekeeper, troubles, answers, ban } = this.#parts;
    const value = (name: string): number => desk.venue.faults.value(id, name);
    switch (id) {
      case "EX20":
        ban(nowMs + value("duration"));
        return true;
      case "EX27":
        troubles.pausedUntilMs = nowMs + value("duration");
        return true;
      case "EX28":
        troubles.lockedUntilMs = desk.switches.lockedUntilMs = nowMs + value("duration");
        return true;
      case "EX31":
        troubles.stoplessUntilMs = nowMs + value("duration");
        return true;
      case "AC04": {
        const amountE8 = BigInt(value("usdt")) * E8;
        return desk.exchange.transfer(count % 2 === 0 ? amountE8 : -amountE8, nowMs).type === "done";
      }
      case "AC06":
        this.#isDualOurs ||= !desk.switches.isDual;
        desk.switches.isDual = true;
        return true;
      case "AC07":
        if (value("kind") === 1) this.#mute(Number.POSITIVE_INFINITY);
        else stream.expire(nowMs, true);
        return true;
      case "AC10":
        this.#revokedUntilMs = nowMs + value("duration");
        gatekeeper.setRevoked(true);
        return true;
      case "AC05":
        return this.#setLeverage(value("leverage"), nowMs);
      case "AC11":
        return this.#placeForeign(nowMs);
      case "AC15":
        return this.#misread(count, nowMs);
      case "PR16":
        this.#mute(nowMs + value("duration"));
        answers.freeze(nowMs + value("duration"));
        return true;
      default:
        return id satisfies never;
    }
  }

  #mute(untilMs: number): void {
    this.#mutedUntilMs = untilMs;
    this.#parts.stream.setMuted(true);
  }

  /** A balance that is not true, or money that no row explains yet. */
  #misread(count: number, nowMs: number): boolean {
    const { desk, answers } = this.#parts;
    const { faults } = desk.venue;
    const kind = faults.value("AC15", "kind") || 1 + faults.pick("AC15", 0, count, 3);
    if (kind === 3) return desk.exchange.transfer(TRANSFER_E8, nowMs).type === "done";
    answers.impoverish(kind === 1 ? 0n : 50n, nowMs + faults.value("AC15", "duration"));
    return true;
  }

  #lastTraded(): SymbolId | null {
    return this.#parts.desk.history.orders().at(-1)?.symbolId ?? null;
  }

  #setLeverage(leverage: number, nowMs: number): boolean {
    const id = this.#lastTraded();
    if (id === null) return false;
    return this.#parts.desk.exchange.setLeverage(id, leverage, nowMs).type === "done";
  }

  #placeForeign(nowMs: number): boolean {
    const id = this.#lastTraded();
    return id !== null && this.#parts.person.waitBelow(id, nowMs);
  }
}

function isOfPosition(id: AccountDeed | PositionDeed): id is PositionDeed {
  return (POSITION_DEEDS as readonly KnobId[]).includes(id);
}
