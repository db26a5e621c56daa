import type { SymbolId } from "@smcq/kernel";
import type { FundingTimes } from "../market/funding.ts";
import type { AccountDesk } from "./account-desk.ts";
import type { DeskRow } from "./keeping/rows.ts";
import { accountFigures, type PositionFigures, positionFigures } from "./figures.ts";
import type { PrivateEvent } from "./stream/event-words.ts";
import { bare } from "./words.ts";

/** A position whose maintenance margin is this share of what stands behind it is told of. */
const CALL_RATIO = { numerator: 8n, denominator: 10n };

/** What the venue does to an account by the clock: funding, margin calls, and the end of contracts. */
export class Upkeep {
  readonly #desk: AccountDesk;
  readonly #funding: FundingTimes;
  readonly #tell: (event: PrivateEvent) => void;
  /** Positions that have been told of and are in danger still. */
  readonly #called = new Set<SymbolId>();
  /** The last funding time that a position in a symbol has met. */
  readonly #fundedMs = new Map<SymbolId, number>();
  #lastMs: number;

  constructor(desk: AccountDesk, funding: FundingTimes, tell: (event: PrivateEvent) => void) {
    this.#desk = desk;
    this.#funding = funding;
    this.#tell = tell;
    this.#lastMs = desk.nowMs;
    desk.venue.followContracts(({ symbol, status }) => {
      const traded = status === "SETTLING" ? desk.listed().find((one) => one.symbol === symbol) : undefined;
      if (traded !== undefined) desk.act(() => desk.exchange.settle(traded.id, desk.nowMs));
    });
  }

  /** The last turn. */
  get tickedMs(): number {
    return this.#lastMs;
  }

  *rows(): Iterable<DeskRow> {
    for (const [id, atMs] of this.#fundedMs) yield ["funded", id, atMs];
  }

  takeUp(id: SymbolId, fundedMs: number): void {
    this.#fundedMs.set(id, fundedMs);
  }

  /** Everything has been taken up: the turns go on after the last one. */
  takenUp(tickedMs: number): void {
    this.#lastMs = tickedMs;
  }

  /** Moves the account up to now: what is held pays funding at its own times on the way. */
  tick(nowMs: number): void {
    const { exchange } = this.#desk;
    for (const { symbolId } of exchange.positions()) this.#fund(symbolId, nowMs);
    this.#desk.tick(nowMs);
    this.#lastMs = nowMs;
    this.#callMargin(nowMs);
  }

  #fund(id: SymbolId, nowMs: number): void {
    const { market } = this.#desk.known(id);
    const { exchange } = this.#desk;
    // A venue that was killed in the midst of a turn has paid some of its positions already.
    const metMs = Math.max(this.#lastMs, this.#fundedMs.get(id) ?? 0);
    let dueMs = this.#funding.nextMs(market, metMs);
    for (; dueMs <= nowMs; dueMs = this.#funding.nextMs(market, dueMs)) {
      const atMs = dueMs;
      this.#desk.act(() => {
        this.#desk.bring(id, atMs);
        this.#fundedMs.set(id, atMs);
        this.#desk.note(["funded", id, atMs]);
        exchange.fund(id, this.#funding.rateE8(market, atMs), atMs);
      });
    }
  }

  #callMargin(nowMs: number): void {
    const positions = positionFigures(this.#desk);
    if (positions.length === 0) {
      this.#called.clear();
      return;
    }
    const account = accountFigures(this.#desk);
    const crossMaintenanceE8 = positions
      .filter(({ held }) => held.marginType === "cross")
      .reduce((sum, { maintenanceE8 }) => sum + maintenanceE8, 0n);
    const crossBalanceE8 = account.crossWalletE8 + account.crossUnrealisedE8;
    const inDanger = positions.filter(({ held, maintenanceE8, unrealisedE8 }) =>
      held.marginType === "cross"
        ? isNear(crossMaintenanceE8, crossBalanceE8)
        : isNear(maintenanceE8, held.isolatedWalletE8 + unrealisedE8),
    );
    const fresh = inDanger.filter(({ held }) => !this.#called.has(held.symbolId));
    this.#called.clear();
    for (const { held } of inDanger) this.#called.add(held.symbolId);
    if (fresh.length > 0) this.#tell(this.#marginCall(fresh, account.crossWalletE8, nowMs));
  }

  #marginCall(positions: readonly PositionFigures[], crossWalletE8: bigint, nowMs: number): PrivateEvent {
    const isCross = positions.some(({ held }) => held.marginType === "cross");
    const p = positions.map(({ held, markE8, unrealisedE8, maintenanceE8 }) => ({
      s: this.#desk.known(held.symbolId).symbol,
      ps: "BOTH",
      pa: bare(held.qtyE8),
      mt: held.marginType === "cross" ? "CROSSED" : "ISOLATED",
      iw: bare(held.isolatedWalletE8),
      mp: bare(markE8),
      up: bare(unrealisedE8),
      mm: bare(maintenanceE8),
    }));
    return { e: "MARGIN_CALL", E: nowMs, ...(isCross ? { cw: bare(crossWalletE8) } : {}), p };
  }
}

function isNear(maintenanceE8: bigint, balanceE8: bigint): boolean {
  return maintenanceE8 * CALL_RATIO.denominator >= balanceE8 * CALL_RATIO.numerator;
}
