import type { EngineOptions } from "@smcq/engine";
import { Rng } from "@smcq/kernel";
import { CoreDriver } from "../../../engine/test/support/core-driver.ts";
import { type OnTurn, optionsOf } from "../../../engine/test/support/fixtures.ts";

const RISK = { symbolLockMs: 0, streakMs: 0 };

/** What the core of a random day is made with. */
export const DAY_OPTIONS: EngineOptions = optionsOf(RISK);

/** A day of trades of every kind: won, stopped, refused, funded, left by a person; it never ends by itself. */
export class RandomDay {
  readonly #rng: Rng;
  readonly #driver: CoreDriver;
  #ids = 0;

  constructor(seed: number, onTurn: OnTurn) {
    this.#rng = new Rng(seed);
    this.#driver = new CoreDriver(2, RISK, { onTurn });
  }

  /** A minute and what happens in it: one or more events. */
  step(): void {
    const driver = this.#driver;
    this.minute();
    const isFree = driver.core.holdings.trades.size === 0;
    const luck = this.#rng.next();
    if (luck < 0.1) driver.decide(driver.candidate(1, { score: 0.65, atr: 40 }));
    if (luck < 0.2) this.#income();
    if (isFree && driver.core.holdings.state === "ACTIVE") this.#trade();
    else {
      driver.put({ type: "operator", word: "resume" });
      driver.wait(1_000);
    }
  }

  minute(): void {
    this.#driver.minute("100", "100");
  }

  #income(): void {
    const income = {
      incomeId: String(++this.#ids),
      type: this.#rng.chance(0.5) ? ("funding" as const) : ("transfer" as const),
      symbolId: null,
      amountE8: BigInt(this.#rng.int(1e9)) - 500_000_000n,
      timeMs: this.#driver.nowMs,
    };
    this.#driver.put({ type: "income", income });
  }

  #trade(): void {
    const driver = this.#driver;
    driver.enter();
    if (driver.core.holdings.trades.size === 0) return;
    if (this.#rng.chance(0.2)) {
      driver.refuse("entry", "MARGIN_INSUFFICIENT");
      return;
    }
    driver.ack("entry");
    driver.fill("entry");
    driver.ack("stop");
    driver.ack("target");
    if (this.#rng.chance(0.3)) driver.minute("100.3", "100");
    if (this.#rng.chance(0.4)) {
      driver.fill("target", { ticks: 10_100 });
      driver.end("stop");
    } else if (this.#rng.chance(0.5)) {
      driver.fill("stop", { ticks: 9_930 });
      driver.end("target");
    } else {
      driver.put({ type: "operator", word: "flatten" });
      driver.end("target");
      driver.fill("exit", { ticks: 10_001 });
      driver.end("stop");
    }
  }
}
