import type { HeldPosition, KnobId } from "@smcq/exchange-sim";
import { E8, type SymbolId } from "@smcq/kernel";
import type { AccountDesk } from "../account-desk.ts";
import type { Drag, Person } from "./person.ts";
import type { FalseWords } from "./words.ts";

/** What happens to the largest position at a time of its own. */
export type PositionDeed = Extract<
  KnobId,
  | "EX33"
  | "EX37"
  | "EX39"
  | "AC01"
  | "AC02"
  | "AC03"
  | "AC08"
  | "AC13"
  | "AC14"
  | "AC17"
  | "AC18"
  | "AC19"
  | "AC20"
>;

export const POSITION_DEEDS: readonly PositionDeed[] = [
  "EX33",
  "EX37",
  "EX39",
  "AC01",
  "AC02",
  "AC03",
  "AC08",
  "AC13",
  "AC14",
  "AC17",
  "AC18",
  "AC19",
  "AC20",
];

const DRAGS: readonly Drag[] = ["tighter", "looser", "close-position"];
/** Maintenance ratios that are tried (AC20), ten-thousandths apart. */
const RATIO_STEP_E8 = E8 / 10_000n;

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The market's and the venue's doings with what is held, and a person's. */
export class PositionDeeds {
  readonly #desk: AccountDesk;
  readonly #person: Person;
  readonly #words: FalseWords;
  /** Symbols whose rules are others than they were listed with. */
  readonly #changed = new Set<SymbolId>();

  constructor(desk: AccountDesk, person: Person, words: FalseWords) {
    this.#desk = desk;
    this.#person = person;
    this.#words = words;
  }

  /** Symbols have the rules that they were listed with. */
  restart(): void {
    for (const id of this.#changed) {
      this.#desk.setMarketMax(id, null);
      this.#desk.setMaintenance(id, null);
    }
    this.#changed.clear();
  }

  /** False: there is nothing yet that it could happen to. */
  strike(id: PositionDeed, count: number, nowMs: number): boolean {
    const [largest] = this.#person.byWorth();
    if (largest === undefined) return false;
    this.#desk.bring(largest.symbolId, nowMs);
    // Its market may have closed it on the way.
    const [held] = this.#person.byWorth();
    return held !== undefined && this.#strikeOn(id, held, count, nowMs);
  }

  #strikeOn(id: PositionDeed, held: HeldPosition, count: number, nowMs: number): boolean {
    const { exchange, venue } = this.#desk;
    switch (id) {
      case "AC01":
        exchange.deleverage(held.symbolId, abs(held.qtyE8), nowMs);
        return true;
      case "AC02":
        return this.#liquidate(nowMs);
      case "AC03":
        this.#person.leave(held, 40n, nowMs);
        return true;
      case "AC08":
        this.#fund(venue.faults.value("AC08", "rate"), nowMs);
        return true;
      case "AC13":
        return this.#leaveWithoutTarget(held, nowMs);
      case "AC14": {
        const kind = venue.faults.value("AC14", "kind") || 1 + venue.faults.pick("AC14", 0, count, 3);
        return this.#person.drag(held, DRAGS[kind - 1] ?? "tighter", nowMs);
      }
      case "AC17":
        this.#fund(0.001, nowMs);
        this.#person.leave(held, 100n, nowMs);
        return true;
      case "AC18":
        return this.#fillTarget(held, nowMs);
      case "AC19":
        this.#person.reopen(held, nowMs);
        return true;
      case "AC20":
        return this.#bringLiquidation(nowMs);
      case "EX33":
        return this.#person.targetOf(held) !== undefined && this.#touchStop(held, nowMs);
      case "EX37":
        return this.#confuse(held, nowMs);
      case "EX39":
        return this.#lowerMax(held);
      default:
        return id satisfies never;
    }
  }

  /** Every position pays. */
  #fund(rate: number, nowMs: number): void {
    const rateE8 = BigInt(Math.round(rate * 1e8));
    for (const { symbolId, qtyE8 } of this.#person.byWorth())
      this.#desk.exchange.fund(symbolId, qtyE8 < 0n ? -rateE8 : rateE8, nowMs);
  }

  /** For a moment the mark is where a position is bankrupt. */
  #liquidate(nowMs: number): boolean {
    const { exchange } = this.#desk;
    const doomed = this.#person.byWorth().find(({ liquidationPriceE8 }) => liquidationPriceE8 !== null);
    const print = doomed === undefined ? null : exchange.lastPrint(doomed.symbolId);
    const markE8 = doomed?.liquidationPriceE8 ?? null;
    if (doomed === undefined || print === null || markE8 === null) return false;
    const timeMs = Math.max(print.timeMs, nowMs);
    exchange.print(doomed.symbolId, { timeMs, lastE8: print.lastE8, markE8 });
    exchange.print(doomed.symbolId, { ...print, timeMs });
    return true;
  }

  #leaveWithoutTarget(held: HeldPosition, nowMs: number): boolean {
    const target = this.#person.targetOf(held);
    if (target === undefined) return false;
    this.#person.leave(held, 40n, nowMs);
    this.#desk.exchange.cancel(held.symbolId, target.clientOrderId, nowMs);
    return true;
  }

  /** For a moment the market is where the stop of a position waits. */
  #touchStop(held: HeldPosition, nowMs: number): boolean {
    const { exchange } = this.#desk;
    const { symbolId } = held;
    const stop = this.#person.stopOf(held);
    const print = exchange.lastPrint(symbolId);
    if (stop === undefined || print === null) return false;
    const timeMs = Math.max(print.timeMs, nowMs);
    const isOfMark = stop.workingType === "MARK_PRICE";
    const touched = isOfMark ? { markE8: stop.triggerPriceE8 } : { lastE8: stop.triggerPriceE8 };
    exchange.print(symbolId, { ...print, ...touched, timeMs });
    exchange.print(symbolId, { ...print, timeMs });
    return true;
  }

  #fillTarget(held: HeldPosition, nowMs: number): boolean {
    const { exchange } = this.#desk;
    const target = this.#person.targetOf(held);
    if (target === undefined || this.#person.stopOf(held) === undefined) return false;
    const { stepE8 } = exchange.rules(held.symbolId).lot;
    const shareE8 = ((target.qtyE8 - target.executedE8) * 3n) / 5n;
    if (shareE8 < stepE8) return false;
    exchange.takeWaiting(held.symbolId, target.side, shareE8 - (shareE8 % stepE8), nowMs);
    return this.#touchStop(held, nowMs);
  }

  #confuse(held: HeldPosition, nowMs: number): boolean {
    const stop = this.#person.stopOf(held);
    if (stop === undefined) return false;
    this.#words.confuse(stop.algoId);
    return this.#touchStop(held, nowMs);
  }

  #lowerMax({ symbolId, qtyE8 }: HeldPosition): boolean {
    const { stepE8, minE8 } = this.#desk.exchange.rules(symbolId).marketLot;
    const maxE8 = ((abs(qtyE8) * 2n) / 5n / stepE8) * stepE8;
    if (maxE8 < minE8) return false;
    this.#changed.add(symbolId);
    this.#desk.setMarketMax(symbolId, maxE8);
    return true;
  }

  /** The least maintenance ratio at which an isolated position is liquidated no later than its stop fires. */
  #bringLiquidation(nowMs: number): boolean {
    const { exchange } = this.#desk;
    const held = this.#person.byWorth().find(({ marginType }) => marginType === "isolated");
    const stop = held === undefined ? undefined : this.#person.stopOf(held);
    const print = held === undefined ? null : exchange.lastPrint(held.symbolId);
    if (held === undefined || stop === undefined || print === null) return false;
    const { symbolId, qtyE8 } = held;
    // Half way between the market and the stop: what is liquidated there has an equity of its maintenance margin alone.
    const atE8 = (stop.triggerPriceE8 + print.markE8) / 2n;
    const standingE8 = held.isolatedWalletE8 + (qtyE8 * (atE8 - held.entryPriceE8)) / E8;
    const worthE8 = (abs(qtyE8) * atE8) / E8;
    const ratioE8 = ((standingE8 * E8) / worthE8 / RATIO_STEP_E8) * RATIO_STEP_E8;
    if (ratioE8 <= 0n) return false;
    this.#changed.add(symbolId);
    this.#desk.setMaintenance(symbolId, ratioE8);
    exchange.print(symbolId, { ...print, timeMs: Math.max(print.timeMs, nowMs) });
    return true;
  }
}
