import { type Outcome } from "@smcq/exchange";
import { symbolId } from "@smcq/kernel";
import { afterEach, expect, it } from "vitest";
import type { SendingRefusal, SendingRight } from "../../src/trading.ts";
import { GatewayRig, shortOf } from "../support/gateway-rig.ts";
import { ok } from "../support/order-venue.ts";
import { until } from "../support/trading-bench.ts";

class Right implements SendingRight {
  readonly windowMsMax = 700;
  readonly stamps: number[] = [];
  readonly refusals: (SendingRefusal | null)[] = [];
  measurements = 0;

  refusal(stampMs: number): SendingRefusal | null {
    this.stamps.push(stampMs);
    return this.refusals.length > 1 ? (this.refusals.shift() ?? null) : (this.refusals[0] ?? null);
  }

  measured(): void {
    this.measurements++;
  }
}

let rig: GatewayRig;
afterEach(() => rig.close());

async function leverage(): Promise<string> {
  const outcomes: Outcome[] = [];
  rig.gateway.setLeverage(symbolId(0), 3, (outcome) => outcomes.push(outcome));
  await until(() => outcomes.length > 0, "an outcome");
  return shortOf(outcomes[0] as Outcome);
}

it("nothing that changes the account is sent without the right; questions are", async () => {
  const right = new Right();
  right.refusals.push({ text: "no lease", isClockDoubtful: false });
  rig = await GatewayRig.open({ right });
  const outcomes = [
    await rig.submit(rig.order()),
    await rig.submit(rig.order("exit")),
    await rig.submit(rig.stop()),
    await rig.cancel("o1"),
    await leverage(),
  ];
  expect(outcomes).toEqual(Array.from({ length: 5 }, () => "NOT_SENT"));
  await rig.ask({ type: "wallet" });
  const changes = rig.venue.heard.filter(
    ({ method, path }) => method !== "GET" && !path.includes("listenKey"),
  );
  expect([changes, right.stamps.length]).toEqual([[], 5]);
});

it("with it, a request says how short it may be on its way, and is stamped with what the right was asked for", async () => {
  const right = new Right();
  rig = await GatewayRig.open({ right });
  rig.venue.always("POST /fapi/v1/order", () => ok({ orderId: 1, clientOrderId: "o1", status: "NEW" }));
  await rig.submit(rig.order());
  const sent = rig.venue.heard.find(({ method, path }) => method === "POST" && path === "/fapi/v1/order");
  expect([sent?.values.get("recvWindow"), Number(sent?.values.get("timestamp"))]).toEqual([
    "700",
    right.stamps[0],
  ]);
});

it("measures the clock anew, once, when the stamp cannot be relied on", async () => {
  const right = new Right();
  right.refusals.push({ text: "the clock was set", isClockDoubtful: true }, null);
  rig = await GatewayRig.open({ right });
  rig.venue.always("POST /fapi/v1/order", () => ok({ orderId: 1, clientOrderId: "o1", status: "NEW" }));
  const before = right.measurements;
  await rig.submit(rig.order());
  expect([right.measurements - before, right.stamps.length]).toEqual([1, 2]);
});
