import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { optionsOf, START_E8 } from "../../engine/test/support/fixtures.ts";
import { JournalRules, modelAlert, type JournaledTurn } from "../src/index.ts";
import type { RulesState } from "../src/rules/rules-state.ts";
import { HeardCore } from "./support/heard-core.ts";

const STEPS = 326;

/** What happens to a core, and the kinds of alerts that a person gets of it, each once. */
const CAUSES: readonly (readonly [string, (heard: HeardCore) => void, readonly string[]])[] = [
  [
    "a person's halt",
    ({ driver }) => void driver.put({ type: "operator", word: "halt" }),
    ["halted-operator"],
  ],
  [
    "a person's halt and resume",
    ({ driver }) => {
      driver.put({ type: "operator", word: "halt" });
      driver.put({ type: "operator", word: "resume", by: "telegram" });
    },
    ["halted-operator", "operator-word", "trading-active"],
  ],
  ["a key that is refused", refused("KEY_REFUSED"), ["key-refused"]],
  ["hedge mode", refused("POSITION_SIDE"), ["hedge-mode"]],
  [
    "an outcome that nobody tells",
    ({ driver }) => {
      driver.enter();
      driver.outcome("entry", { type: "unknown", text: "" });
      driver.wait(6_000);
    },
    ["outcome-unknown"],
  ],
  [
    "an outcome that is told within 5 s",
    ({ driver }) => {
      driver.enter();
      driver.outcome("entry", { type: "unknown", text: "" });
      driver.wait(4_000);
      driver.answerOrder("entry", { status: "new" });
    },
    [],
  ],
  [
    "an account stream that is away",
    ({ driver }) => {
      driver.put({ type: "account-stream", isLive: false });
      driver.wait(31_000);
    },
    ["account-stream-lost"],
  ],
  [
    "an account stream that is back soon",
    ({ driver }) => {
      driver.put({ type: "account-stream", isLive: false });
      driver.wait(20_000);
      driver.put({ type: "account-stream", isLive: true });
      driver.wait(1_000);
      driver.answerPositions(0);
      driver.answerOpenOrders();
      driver.wait(20_000);
    },
    [],
  ],
  [
    "a ledger that waits",
    ({ driver }) => void driver.put({ type: "ledger-health", isSound: false }),
    ["ledger-unsound"],
  ],
  [
    "a wallet that is another one twice",
    ({ driver }) => {
      for (let asked = 0; asked < 2; asked++) {
        driver.wait(3_000);
        driver.answerWallet(START_E8 / 2n);
      }
    },
    ["account-doubtful"],
  ],
  [
    "a trade of a symbol without rules",
    ({ driver }) => unknownSymbol(driver),
    ["foreign-order", "unknown-symbol"],
  ],
  [
    "stops that are refused again and again",
    ({ driver }) => {
      for (const id of [0, 1, 2]) {
        driver.decide(driver.candidate(id));
        driver.fill("entry");
        driver.refuse("stop", "WOULD_TRIGGER");
        driver.fill("exit");
        driver.put({ type: "operator", word: "resume" });
      }
    },
    ["left-unguarded", "operator-word", "left-unguarded", "operator-word", "left-unguarded", "operator-word"],
  ],
  [
    "few places for stops",
    ({ driver }) => {
      driver.guard();
      const stop = driver.last("stop");
      driver.answerOpenOrders(
        ...Array.from({ length: 180 }, (_, at) => ({ ...stop, clientOrderId: `web_${at}` })),
      );
    },
    ["stop-slots"],
  ],
  [
    "a liquidation",
    ({ driver }) => {
      driver.guard();
      driver.foreign("autoclose-1", -100);
      driver.foreign("autoclose-1", 100 - STEPS);
    },
    ["liquidation", "halted-liquidation"],
  ],
  [
    "a deleveraging",
    ({ driver }) => {
      driver.guard();
      driver.foreign("adl_autoclose", -STEPS);
    },
    ["adl"],
  ],
  [
    "a person who closes at the venue",
    ({ driver }) => {
      driver.guard();
      driver.foreign("web_1", -STEPS);
    },
    ["foreign-order", "closed-by-others"],
  ],
  ["a second engine", ({ driver }) => secondEngine(driver), ["foreign-order", "second-engine"]],
  [
    "a day that loses too much",
    ({ driver }) => {
      driver.guard();
      driver.minute("84");
      driver.end("target");
      driver.fill("exit", { ticks: 8_398 });
      driver.end("stop");
      driver.minute();
      driver.enter();
      driver.minute();
      driver.enter();
    },
    ["daily-loss-flatten", "daily-loss-stop"],
  ],
  [
    "positions that differ in two answers",
    ({ driver }) => {
      driver.guard();
      for (let asked = 0; asked < 3; asked++) {
        driver.wait(2_500);
        driver.answerPositions(STEPS + 10);
      }
    },
    ["reconciliation-difference"],
  ],
  [
    "positions that differ in one answer",
    ({ driver }) => {
      driver.guard();
      driver.answerPositions(STEPS + 10);
      driver.wait(2_500);
      driver.answerPositions(STEPS);
      driver.wait(2_500);
      driver.answerPositions(STEPS + 10);
    },
    [],
  ],
  [
    "a shard that is off",
    ({ driver }) => {
      driver.put({ type: "feed-health", shardId: 1, isLive: false });
      driver.put({ type: "feed-health", shardId: 2, isLive: false });
      driver.put({ type: "feed-health", shardId: 2, isLive: true });
      driver.wait(31_000);
    },
    ["shard-off"],
  ],
  [
    "a clock in doubt",
    ({ driver }) => {
      driver.put({ type: "clock-health", isSound: false });
      driver.wait(31_000);
    },
    ["clock-doubtful"],
  ],
  [
    "a model without probabilities",
    ({ driver }) => void driver.put({ type: "invalid-score", epoch: 1, rows: 3 }),
    ["model-invalid-scores"],
  ],
  ["a word to close", ({ driver }) => closed(driver), ["operator-word"]],
];

function refused(code: "KEY_REFUSED" | "POSITION_SIDE"): (heard: HeardCore) => void {
  return ({ driver }) => {
    driver.enter();
    driver.refuse("entry", code);
  };
}

type Driver = HeardCore["driver"];

function unknownSymbol(driver: Driver): void {
  driver.guard();
  const update = driver.update("stop", { steps: 1 });
  const { fill } = update;
  const id = symbolId(7);
  if (fill === null) return;
  const strange = { ...fill, symbolId: id, clientOrderId: "web_9", tradeId: "strange" };
  driver.put({
    type: "order-update",
    update: { ...update, symbolId: id, clientOrderId: "web_9", fill: strange },
  });
}

function secondEngine(driver: Driver): void {
  driver.guard();
  const update = {
    ...driver.update("stop", { steps: 0 }),
    clientOrderId: "zzzzE1-0",
    status: "new",
    fill: null,
  } as const;
  driver.put({ type: "order-update", update });
}

function closed(driver: Driver): void {
  driver.guard();
  driver.put({ type: "operator", word: "close", symbolId: symbolId(0), by: "socket" });
}

/** Rules that have heard nothing, and one row. */
function alertsOf(word: JournaledTurn["word"], commands: JournaledTurn["commands"] = []): readonly string[] {
  const turn = { runId: "r1", seq: 1, nowMs: 5, word, commands };
  const sight = { symbolOf: String, isOwn: () => true, differences: () => null };
  return new JournalRules().take(turn, sight).map(({ kind }) => kind);
}

describe("the rules over a journal", () => {
  it.each(CAUSES)("tell a person of %s", (_name, cause, kinds) => {
    const heard = new HeardCore(3);
    cause(heard);
    expect(heard.kinds).toEqual(kinds);
  });

  it.each([
    ["drawdown", "HALTED", "halted-drawdown"],
    ["protection", "HALTED", "halted-protection"],
    ["protection", "REDUCING", "protection-failing"],
    ["liquidation-near", "REDUCING", "liquidation-near"],
    ["trading-locked", "REDUCING", "trading-locked"],
  ] as const)("tell the reason %s of %s as %s", (reason, state, kind) => {
    expect(alertsOf({ type: "time" }, [{ type: "state", state, reasons: [reason] }])).toEqual([kind]);
  });

  it("tell a halt that follows a reduction for the same reason", () => {
    const rules = new JournalRules();
    const sight = { symbolOf: String, isOwn: () => true, differences: () => null };
    const kinds = (["REDUCING", "HALTED"] as const).flatMap((state, seq) =>
      rules
        .take(
          {
            runId: "r",
            seq,
            nowMs: seq,
            word: { type: "time" },
            commands: [{ type: "state", state, reasons: ["protection"] }],
          },
          sight,
        )
        .map(({ kind }) => kind),
    );
    expect(kinds).toEqual(["protection-failing", "halted-protection"]);
  });

  it("leave out a reason that only a newer engine knows", () => {
    expect(
      alertsOf({ type: "time" }, [{ type: "state", state: "REDUCING", reasons: ["moonlight"] }]),
    ).toEqual([]);
  });

  it("tell a hole in the journal, and an engine that was started again", () => {
    expect(alertsOf({ type: "lost", fromSeq: 3, toSeq: 9 })).toEqual(["ledger-rows-lost"]);
    expect(alertsOf({ type: "restarted", engine: optionsOf() })).toEqual(["engine-restarted"]);
  });

  it("tell trades by their first fill and their end, and the day at its end", () => {
    const heard = new HeardCore();
    const { driver } = heard;
    driver.minute("100");
    driver.guard();
    driver.fill("target", { ticks: 10_100 });
    for (let minute = 0; minute < 725; minute++) driver.minute("100");
    const kinds = heard.alerts.map(({ kind }) => kind);
    expect(kinds).toEqual(["trade-opened", "trade-closed", "daily-summary"]);
    expect(heard.alerts.at(-1)?.text).toMatch(
      /^2024-10-04 \(UTC\): equity 100\d\d\.\d\d USDT, \+\d+\.\d\d\n1 trades closed, 1 with a gain/u,
    );
  });

  it("go on from what they remembered, at whatever row", () => {
    const whole = new HeardCore();
    const turns: JournaledTurn[] = [];
    const take = whole.take.bind(whole);
    whole.take = (turn) => {
      turns.push(turn);
      take(turn);
    };
    whole.driver.put({ type: "account-stream", isLive: false });
    whole.driver.wait(40_000);
    whole.driver.put({ type: "operator", word: "halt" });
    const sight = { symbolOf: String, isOwn: () => true, differences: () => null };
    for (const at of [0, 1, 2, 200, turns.length - 1]) {
      const first = new JournalRules();
      const told = turns.slice(0, at).flatMap((turn) => first.take(turn, sight));
      const second = new JournalRules(JSON.parse(JSON.stringify(first.state)) as RulesState);
      told.push(...turns.slice(at).flatMap((turn) => second.take(turn, sight)));
      expect(told.map(({ kind }) => kind)).toEqual(whole.kinds);
    }
  });
});

describe("words about models", () => {
  it.each([
    ["refused", { message: "no card" }, "model-refused", undefined],
    ["rolled-back", { reason: "no probabilities" }, "model-rolled-back", undefined],
    ["health", { sizeFactor: 0.5, reasons: ["psi 0.3"] }, "model-drifting", undefined],
    ["health", { sizeFactor: 0, reasons: [] }, "model-drifting", "critical"],
    ["health", { sizeFactor: 0, reasons: ["expired 2026-01-01"] }, "model-expired", undefined],
  ] as const)("%s with %j is %s", (kind, detail, alert, severity) => {
    const found = modelAlert({ atMs: 1, kind, modelId: "m", detailJson: JSON.stringify(detail) });
    expect([found?.kind, found?.severity]).toEqual([alert, severity]);
  });

  it.each([
    ["health", { sizeFactor: 1 }],
    ["loaded", {}],
    ["swapped", { status: "proven" }],
  ] as const)("%s with %j is none", (kind, detail) => {
    expect(modelAlert({ atMs: 1, kind, modelId: "m", detailJson: JSON.stringify(detail) })).toBeNull();
  });
});
