import { assert } from "@smcq/kernel";
import type { Command } from "../events.ts";
import type { Holdings } from "./holdings.ts";
import type { OrderTracker } from "./stages/order-tracker.ts";
import { coveredSteps, type Trade } from "./trade.ts";

/**
 * What must hold after every event, whatever the venue says (docs/reliability.md 4.4): cheap enough to stay on where money
 * is real. A core that breaks one must not go on trading.
 */
export function assertInvariants(holdings: Holdings, nowMs: number): void {
  let held = 0;
  for (const trade of holdings.trades.values()) {
    assertBooked(trade, holdings);
    if (trade.qtySteps === 0) continue;
    held++;
    assertCovered(trade, nowMs);
    assertLeaving(trade);
  }
  assert(held === holdings.portfolio.openCount, "Invariant I3: every position belongs to a trade");
}

/** Of one event's commands, those from `first` on: an order is known before it leaves, and an entry leaves only while all is well. */
export function assertSent(
  commands: readonly Command[],
  first: number,
  { holdings, orders }: { readonly holdings: Holdings; readonly orders: OrderTracker },
): void {
  for (let at = first; at < commands.length; at++) {
    const command = commands[at];
    if (command?.type !== "submit") continue;
    const { clientOrderId, role, symbolId } = command.order.value;
    assert(orders.get(clientOrderId) !== null, "Invariant I5: an order is kept before it is sent");
    if (role !== "entry") continue;
    assert(holdings.state === "ACTIVE", "Invariant I14: nothing is entered unless the state is ACTIVE");
    const isReserved = holdings.trades.get(symbolId)?.entryOrderId === clientOrderId;
    assert(isReserved, "Invariant I6: an entry counts in heat and gates from its approval on");
  }
}

function assertBooked({ symbolId, side, qtySteps }: Trade, { portfolio }: Holdings): void {
  const position = portfolio.position(symbolId);
  const steps = position === null ? 0 : position.side * position.qtySteps;
  assert(steps === side * qtySteps, "Invariant I3: a trade holds what the books say");
}

function assertCovered(trade: Trade, nowMs: number): void {
  const isLeft = trade.wantedExit !== null || trade.owedExit !== null || trade.exit !== null;
  const hasTime = trade.coverDueMs !== null && trade.coverDueMs > nowMs;
  assert(
    isLeft || hasTime || coveredSteps(trade) >= trade.qtySteps,
    "Invariant I2: what is held is covered by confirmed stops, has a deadline, or is being left",
  );
}

function assertLeaving({ wantedExit, exit, exitDueMs }: Trade): void {
  assert(
    wantedExit === null || exit !== null || exitDueMs !== null,
    "Invariant I8: an exit waits for nothing but the target's end and its own next try",
  );
}
