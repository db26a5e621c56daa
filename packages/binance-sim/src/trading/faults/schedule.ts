import type { HeldPosition, KnobId } from "@smcq/exchange-sim";
import { divRound, E8, type SymbolId } from "@smcq/kernel";
import { countFault, type SimStats } from "../../stats.ts";
import type { AccountDesk } from "../account-desk.ts";
import type { Gatekeeper } from "../rest/auth.ts";
import type { UserStream } from "../stream/user-stream.ts";
import type { Troubles } from "./call-faults.ts";

/** Faults of the account that happen at times of their own. */
const SCHEDULED = [
  "EX20",
  "EX27",
  "EX28",
  "AC01",
  "AC02",
  "AC03",
  "AC04",
  "AC05",
  "AC06",
  "AC07",
  "AC08",
  "AC10",
  "AC11",
] as const satisfies readonly KnobId[];

type ScheduledId = (typeof SCHEDULED)[number];

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

interface Parts {
  readonly desk: AccountDesk;
  readonly stream: UserStream;
  readonly gatekeeper: Gatekeeper;
  readonly troubles: Troubles;
  readonly stats: SimStats;
  readonly ban: (untilMs: number) => void;
}

/** Fires what the plan says of the account: the venue's doings, a person's, somebody else's. */
export class AccountSchedule {
  readonly #parts: Parts;
  readonly #done = new Map<ScheduledId, number>();
  #startMs: number;
  #revokedUntilMs = 0;
  /** The plan has switched hedge mode on. */
  #isDualOurs = false;
  #deeds = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#startMs = parts.desk.venue.time.startMs;
  }

  /** Counts the times of a new plan from now on; what lasted is over. */
  restart(nowMs: number): void {
    const { desk, stream, gatekeeper, troubles } = this.#parts;
    this.#done.clear();
    this.#startMs = nowMs;
    this.#revokedUntilMs = 0;
    Object.assign(troubles, { pausedUntilMs: 0, lockedUntilMs: 0 });
    Object.assign(desk.switches, { lockedUntilMs: 0, isDual: desk.switches.isDual && !this.#isDualOurs });
    this.#isDualOurs = false;
    gatekeeper.setRevoked(false);
    stream.setMuted(false);
    for (const { id } of desk.listed()) desk.exchange.setFiringRejected(id, false);
  }

  /** Fires what is due. */
  run(nowMs: number): void {
    const { faults } = this.#parts.desk.venue;
    this.#parts.gatekeeper.setRevoked(nowMs < this.#revokedUntilMs);
    for (const id of SCHEDULED) {
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
  #fire(id: ScheduledId, count: number, nowMs: number): boolean {
    const { desk, stream, gatekeeper, troubles, ban } = this.#parts;
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
      case "AC04": {
        const amountE8 = BigInt(value("usdt")) * E8;
        return desk.exchange.transfer(count % 2 === 0 ? amountE8 : -amountE8, nowMs).type === "done";
      }
      case "AC06":
        this.#isDualOurs ||= !desk.switches.isDual;
        desk.switches.isDual = true;
        return true;
      case "AC07":
        if (value("kind") === 1) stream.setMuted(true);
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
      case "AC01":
      case "AC02":
      case "AC03":
      case "AC08":
        return this.#strikePosition(id, value, nowMs);
      default:
        return id satisfies never;
    }
  }

  #strikePosition(
    id: "AC01" | "AC02" | "AC03" | "AC08",
    value: (name: string) => number,
    nowMs: number,
  ): boolean {
    const { desk } = this.#parts;
    const [largest] = this.#byWorth();
    if (largest === undefined) return false;
    const { symbolId, qtyE8 } = largest;
    desk.bring(symbolId, nowMs);
    if (id === "AC01") desk.exchange.deleverage(symbolId, abs(qtyE8), nowMs);
    else if (id === "AC02") return this.#liquidate(nowMs);
    else if (id === "AC03") this.#sellByHand(largest, nowMs);
    else
      for (const held of this.#byWorth()) {
        const rateE8 = BigInt(Math.round(value("rate") * 1e8));
        desk.exchange.fund(held.symbolId, held.qtyE8 < 0n ? -rateE8 : rateE8, nowMs);
      }
    return true;
  }

  #byWorth(): readonly HeldPosition[] {
    const { exchange } = this.#parts.desk;
    const worth = ({ symbolId, qtyE8 }: HeldPosition): bigint =>
      abs(qtyE8) * (exchange.lastPrint(symbolId)?.markE8 ?? 0n);
    return exchange.positions().toSorted((a, b) => (worth(b) > worth(a) ? 1 : worth(b) < worth(a) ? -1 : 0));
  }

  /** For a moment the mark is where a position is bankrupt. */
  #liquidate(nowMs: number): boolean {
    const { exchange } = this.#parts.desk;
    const doomed = this.#byWorth().find(({ liquidationPriceE8 }) => liquidationPriceE8 !== null);
    const print = doomed === undefined ? null : exchange.lastPrint(doomed.symbolId);
    const markE8 = doomed?.liquidationPriceE8 ?? null;
    if (doomed === undefined || print === null || markE8 === null) return false;
    const timeMs = Math.max(print.timeMs, nowMs);
    exchange.print(doomed.symbolId, { timeMs, lastE8: print.lastE8, markE8 });
    exchange.print(doomed.symbolId, { ...print, timeMs });
    return true;
  }

  #sellByHand({ symbolId, qtyE8 }: HeldPosition, nowMs: number): void {
    const { exchange } = this.#parts.desk;
    const { stepE8 } = exchange.rules(symbolId).marketLot;
    const sharedE8 = (abs(qtyE8) * 2n) / 5n;
    exchange.place(
      {
        symbolId,
        clientOrderId: `web_${String(++this.#deeds).padStart(12, "0")}`,
        side: qtyE8 > 0n ? -1 : 1,
        type: "MARKET",
        timeInForce: "GTC",
        qtyE8: sharedE8 > stepE8 ? sharedE8 - (sharedE8 % stepE8) : stepE8,
        priceE8: 0n,
        isReduceOnly: true,
        selfTradePrevention: "EXPIRE_MAKER",
      },
      nowMs,
    );
  }

  #lastTraded(): SymbolId | null {
    return this.#parts.desk.history.orders().at(-1)?.symbolId ?? null;
  }

  #setLeverage(leverage: number, nowMs: number): boolean {
    const id = this.#lastTraded();
    if (id === null) return false;
    return this.#parts.desk.exchange.setLeverage(id, leverage, nowMs).type === "done";
  }

  /** A BUY 4 % below the last price, as large as the venue lets it be small. */
  #placeForeign(nowMs: number): boolean {
    const { desk } = this.#parts;
    const id = this.#lastTraded();
    const print = id === null ? null : desk.exchange.lastPrint(id);
    if (id === null || print === null) return false;
    const { tickE8, lot, minNotionalE8 } = desk.exchange.rules(id);
    const priceE8 = (divRound(print.lastE8 * 96n, 100n) / tickE8) * tickE8;
    const wantedE8 = (minNotionalE8 * E8) / priceE8 + lot.stepE8;
    const qtyE8 = (wantedE8 / lot.stepE8 + 1n) * lot.stepE8;
    const reply = desk.exchange.place(
      {
        symbolId: id,
        clientOrderId: `other_${String(++this.#deeds).padStart(12, "0")}`,
        side: 1,
        type: "LIMIT",
        timeInForce: "GTC",
        qtyE8: qtyE8 > lot.minE8 ? qtyE8 : lot.minE8,
        priceE8,
        isReduceOnly: false,
        selfTradePrevention: "EXPIRE_MAKER",
      },
      nowMs,
    );
    return reply.type === "done";
  }
}
