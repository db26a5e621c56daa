import { parseE8, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import type { VenueEvent } from "../../src/index.ts";
import { reachOf } from "../../src/venue/reach.ts";
import { A, B, PathVenue } from "../support/path-venue.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const RUNS = 150;
const STEPS = 150;
const ENDED = new Set(["FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "FINISHED", "REJECTED"]);

const text = (rng: Rng, low: number, high: number): string => (low + rng.int(high - low)).toFixed(0);

/** One random act on either symbol; prices wander between 60 and 160 so that some accounts break. */
function act(venue: PathVenue, rng: Rng, id: string): void {
  const symbolId = rng.chance(0.5) ? A : B;
  const side = rng.chance(0.5) ? 1 : -1;
  const qty = text(rng, 1, 30);
  const isReduceOnly = rng.chance(0.4);
  const last = Number(venue.exchange.lastPrint(symbolId)?.lastE8 ?? 0n) / 1e8;
  const near = (last * (0.96 + 0.08 * rng.next())).toFixed(2);
  switch (rng.int(14)) {
    case 0:
    case 1:
      venue.order({ id, side, qty, isReduceOnly, symbolId });
      break;
    case 2:
    case 3: {
      const timeInForce = (["GTC", "IOC", "FOK", "GTX"] as const)[rng.int(4)] as "GTC";
      venue.order({ id, side, qty, isReduceOnly, symbolId, price: near, timeInForce });
      break;
    }
    case 4:
      venue.algo({ id, side, qty, at: near, isReduceOnly, symbolId });
      break;
    case 5:
      venue.algo({ id, side, at: near, symbolId, isClosePosition: true, isReduceOnly: false });
      break;
    case 6:
      if (rng.chance(0.5)) venue.exchange.cancel(symbolId, String(rng.int(Number(id) + 1)), venue.nowMs);
      else venue.exchange.fund(symbolId, BigInt(rng.int(400_000) - 200_000), venue.nowMs);
      break;
    case 7:
      if (rng.chance(0.1)) venue.exchange.deleverage(symbolId, parseE8(qty), venue.nowMs);
      else venue.exchange.setLeverage(symbolId, 1 + rng.int(20), venue.nowMs);
      break;
    default: {
      const moved = Math.min(160, Math.max(60, last * (0.94 + 0.12 * rng.next())));
      const mark = moved * (0.998 + 0.004 * rng.next());
      venue.print(moved.toFixed(2), mark.toFixed(4), symbolId);
    }
  }
}

/** What must be true of everything that was told; returns what is not. */
function faultsOf(venue: PathVenue, events: readonly VenueEvent[]): readonly string[] {
  const faults: string[] = [];
  const held = new Map<number, bigint>();
  const ended = new Set<string>();
  const executed = new Map<string, bigint>();
  for (const event of events) {
    if (event.type === "algo") {
      const key = `algo ${event.algo.algoId}`;
      if (ended.has(key)) faults.push(`${key} moved after its end`);
      if (ENDED.has(event.algo.status)) ended.add(key);
    }
    if (event.type !== "order") continue;
    const { order, trade } = event;
    if (ended.has(order.orderId)) faults.push(`${order.orderId} moved after its end`);
    if (ENDED.has(order.status)) ended.add(order.orderId);
    const before = executed.get(order.orderId) ?? 0n;
    if (order.executedE8 !== before + (trade?.qtyE8 ?? 0n)) faults.push(`${order.orderId} jumped`);
    if (order.executedE8 > order.qtyE8) faults.push(`${order.orderId} overfilled`);
    executed.set(order.orderId, order.executedE8);
    if (trade === null) continue;
    const qtyE8 = held.get(trade.symbolId) ?? 0n;
    const nextE8 = qtyE8 + BigInt(trade.side) * trade.qtyE8;
    const isLarger = nextE8 * nextE8 > qtyE8 * qtyE8 || nextE8 * qtyE8 < 0n;
    if (order.isReduceOnly && isLarger) faults.push(`${order.orderId} only reduces, and did not`);
    held.set(trade.symbolId, nextE8);
  }
  for (const symbolId of [A, B]) {
    const stated = venue.exchange.positions().find((own) => own.symbolId === symbolId)?.qtyE8 ?? 0n;
    if (stated !== (held.get(symbolId) ?? 0n)) faults.push(`symbol ${symbolId} holds ${stated}`);
  }
  if (venue.wallet !== venue.booked) faults.push(`wallet ${venue.wallet}, booked ${venue.booked}`);
  return faults;
}

function run(seed: number): { readonly venue: PathVenue; readonly events: readonly VenueEvent[] } {
  const rng = new Rng(seed);
  const venue = new PathVenue({
    wallet: text(rng, 20, 2_000),
    slippageE4: BigInt(rng.int(5)),
    isStrictReduceOnly: rng.chance(0.3),
  });
  for (const symbolId of [A, B]) {
    venue.exchange.setVolume(symbolId, parseE8(text(rng, 0, 200)));
    if (rng.chance(0.5)) venue.exchange.setMarginType(symbolId, "isolated", venue.nowMs);
  }
  for (let step = 0; step < STEPS; step++) act(venue, rng, String(step));
  return { venue, events: venue.events };
}

describe("the venue in memory", () => {
  it("books every cent, moves nothing after its end, and lets nothing that reduces enlarge", () => {
    const seen = { liquidations: 0, trades: 0, rejected: 0 };
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const { venue, events } = run(seed);
      expect(faultsOf(venue, events), `seed ${seed}`).toEqual([]);
      for (const event of events) {
        if (event.type === "order" && event.trade !== null) seen.trades++;
        if (event.type === "order" && event.order.clientOrderId.startsWith("autoclose-")) seen.liquidations++;
        if (event.type === "algo" && event.algo.status === "REJECTED") seen.rejected++;
      }
    }
    // The runs are worth something only if they go where it hurts.
    expect(Math.min(seen.liquidations, seen.rejected, seen.trades / 20)).toBeGreaterThan(20);
  });

  it("does the same again", () => {
    const textOf = (events: readonly VenueEvent[]): string =>
      JSON.stringify(events, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
    for (let seed = SEED; seed < SEED + 10; seed++)
      expect(textOf(run(seed).events)).toBe(textOf(run(seed).events));
  });

  it("an account is never left below its maintenance margin", () => {
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const { venue } = run(seed);
      const before = venue.exchange.walletE8();
      for (const symbolId of [A, B]) {
        const print = venue.exchange.lastPrint(symbolId);
        if (print !== null) venue.exchange.print(symbolId, { ...print, timeMs: venue.nowMs });
      }
      const forced = venue.events
        .slice(-4)
        .filter((event) => event.type === "order" && event.execution === "CALCULATED");
      expect([venue.exchange.walletE8() === before || forced.length > 0, before >= 0n]).toEqual([true, true]);
    }
  });

  it("lets a listener order while it is told, and tells of that in its turn", () => {
    const venue = new PathVenue();
    const told: string[] = [];
    venue.exchange.listen((event) => {
      if (event.type !== "order") return;
      told.push(`${event.order.clientOrderId} ${event.execution}`);
      if (event.order.clientOrderId === "a" && event.execution === "NEW")
        venue.order({ id: "b", side: 1, qty: "1" });
    });
    venue.order({ id: "a", side: 1, qty: "1" });
    expect(told).toEqual(["a NEW", "a TRADE", "b NEW", "b TRADE"]);
  });
});

describe("the way to the next level", () => {
  const from = { timeMs: 1_000, lastE8: 100n, markE8: 200n };
  const to = { timeMs: 2_000, lastE8: 80n, markE8: 240n };
  const level = (priceE8: bigint, isUp: boolean, isMark = false) => ({ priceE8, isUp, isMark });

  it("meets the first one, at its time, with the other price on the way", () => {
    expect(reachOf(from, to, [level(85n, false), level(95n, false)])).toEqual({
      timeMs: 1_250,
      lastE8: 95n,
      markE8: 210n,
    });
    expect(reachOf(from, to, [level(230n, true, true)])).toEqual({
      timeMs: 1_750,
      lastE8: 85n,
      markE8: 230n,
    });
  });

  it("meets none that lies elsewhere, behind, or that it starts from", () => {
    const others = [
      level(79n, false),
      level(100n, false),
      level(110n, true),
      level(90n, true),
      level(190n, false, true),
    ];
    expect(reachOf(from, to, others)).toBeNull();
    expect(reachOf(from, to, [level(80n, false)])?.timeMs).toBe(2_000);
  });

  it("ends at its end: no level is met twice", () => {
    const rng = new Rng(SEED);
    for (let round = 0; round < 2_000; round++) {
      const price = (): bigint => BigInt(1 + rng.int(400));
      let at = { timeMs: 0, lastE8: price(), markE8: price() };
      const end = { timeMs: rng.int(1_000), lastE8: price(), markE8: price() };
      const levels = Array.from({ length: 1 + rng.int(6) }, () =>
        level(price(), rng.chance(0.5), rng.chance(0.5)),
      );
      let steps = 0;
      for (let next = reachOf(at, end, levels); next !== null; next = reachOf(at, end, levels)) {
        expect(next.timeMs >= at.timeMs && next.timeMs <= end.timeMs).toBe(true);
        at = next;
        expect(++steps).toBeLessThanOrEqual(levels.length);
      }
    }
  });
});
