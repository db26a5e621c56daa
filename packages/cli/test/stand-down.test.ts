import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { NO_JOURNAL } from "@smcq/engine";
import { ManualClock, silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { CoreDriver } from "../../engine/test/support/core-driver.ts";
import { FLATTEN_MS_MAX, GUARD_MS_MAX, standDown } from "../src/run/steps/stand-down.ts";

/** A core that holds what the test lets it, in a loop whose run is ending. */
class Ending {
  readonly driver = new CoreDriver();
  readonly clock = new ManualClock(this.driver.nowMs);
  readonly hurry = new AbortController();
  readonly sent: string[] = [];
  readonly #inbox = new Inbox();

  /** Null: it goes on. */
  isExposed: boolean | null = null;

  begin(isFlattening: boolean): void {
    const { clock, driver } = this;
    const inbox = this.#inbox;
    const clocks = { venueClock: clock, wallClock: clock };
    const router = new CommandRouter(
      {
        onSignals() {},
        onInvalidScores() {},
        onDecision() {},
        onTrading: (command) => void this.sent.push(command.type),
      },
      { inbox, wallClock: clock },
    );
    const loop = new EngineLoop({
      engine: driver.engine,
      inbox,
      journal: NO_JOURNAL,
      router,
      ...clocks,
      deferral: { soon: queueMicrotask, later: queueMicrotask },
    });
    void standDown({
      engine: { core: driver.engine, inbox, loop },
      isFlattening,
      isBySignal: true,
      hurry: this.hurry.signal,
      ...clocks,
      logger: silentLogger,
    }).then((isExposed) => (this.isExposed = isExposed));
  }

  /** Lets time pass, and everything that it brings. */
  async pass(ms: number): Promise<boolean | null> {
    for (let passed = 0; passed < ms; passed += 10) {
      this.clock.advance(10);
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    }
    return this.isExposed;
  }
}

describe("the end of a run", () => {
  it("is at once where nothing is held, and where every position has its stop", async () => {
    for (const isHolding of [false, true]) {
      const ending = new Ending();
      if (isHolding) ending.driver.guard();
      ending.begin(false);
      expect(await ending.pass(20)).toBe(false);
    }
  });

  it("waits for an entry that may fill still, and for the stop of what it has filled", async () => {
    const ending = new Ending();
    ending.driver.enter();
    ending.begin(false);
    expect(await ending.pass(100)).toBeNull();
    ending.driver.fill("entry");
    expect(await ending.pass(100)).toBeNull();
    ending.driver.ack("stop");
    expect(await ending.pass(20)).toBe(false);
  });

  it("PR17 comes after the limit, and says that a position has no stop", async () => {
    const ending = new Ending();
    ending.driver.enterFilled();
    ending.begin(false);
    expect(await ending.pass(GUARD_MS_MAX - 20)).toBeNull();
    expect(await ending.pass(30)).toBe(true);
  });

  it("leaves every position first where that is wanted, with the orders that guarded it", async () => {
    const ending = new Ending();
    ending.driver.guard();
    ending.begin(true);
    expect(await ending.pass(50)).toBeNull();
    ending.driver.end("target");
    expect(ending.driver.fill("exit")).toContain("closed operator");
    expect(await ending.pass(50)).toBeNull();
    ending.driver.end("stop");
    expect(await ending.pass(20)).toBe(false);
  });

  it("comes after the limit, and says that a position could not be left, although its stop stands", async () => {
    const ending = new Ending();
    ending.driver.guard();
    ending.begin(true);
    expect(await ending.pass(FLATTEN_MS_MAX - 20)).toBeNull();
    expect(await ending.pass(30)).toBe(true);
  });

  it("waits for nothing any more when somebody asks a second time", async () => {
    const ending = new Ending();
    ending.driver.guard();
    ending.begin(true);
    expect(await ending.pass(100)).toBeNull();
    ending.hurry.abort();
    expect(await ending.pass(20)).toBe(true);
  });
});
