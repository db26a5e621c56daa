import { ManualClock, present, silentLogger, SystemClock } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { describe, expect, it } from "vitest";
import { WarmCore } from "../src/run/duty/warm-core.ts";
import { goOnReplaying, replayCore, type ReplayedCore } from "../src/replay/replay-run.ts";
import { recorded, recordedLedger } from "./support/recorded-ledger.ts";

const SEED = 20_261_127;
const ROWS_MAX = 50;

/** What a core has come to, and how. */
function said({ engine, ...found }: ReplayedCore): object {
  const { holdings } = present(engine?.trading ?? undefined, "Invariant: the run trades");
  return {
    ...found,
    open: holdings.openTrades(),
    state: holdings.state,
    equityE8: holdings.portfolio.equityE8,
  };
}

describe("the core of a run that is followed", () => {
  it("comes to the same as one that is made again at once, in pieces that are bounded", async () => {
    const run = recorded(SEED);
    const file = ledgerFile(await recordedLedger([run]));
    const own = { file, clock: new SystemClock(), logger: silentLogger };
    const warm = new WarmCore({ ...own, rowsMax: ROWS_MAX });
    warm.look();
    warm.look();
    // The beginning is a row, too.
    expect([warm.lastSeq, run.turns.length > 2 * ROWS_MAX]).toEqual([2 * ROWS_MAX - 1, true]);
    const replay = present(warm.take(run.runId) ?? undefined, "Invariant: rows of it were fed");
    expect(said(await goOnReplaying(replay, file))).toEqual(said(replayCore(file, run.runId)));
    expect(replay.lastSeq).toBe(run.turns.length);
  });

  it("hurries as long as rows are there already, and then looks now and then", async () => {
    const run = recorded(SEED);
    const clock = new ManualClock();
    const file = ledgerFile(await recordedLedger([run]));
    const warm = new WarmCore({ file, clock, logger: silentLogger, rowsMax: ROWS_MAX });
    warm.start();
    clock.advance(100);
    expect(warm.lastSeq).toBe(ROWS_MAX - 1);
    for (let looks = 1; looks <= run.turns.length / ROWS_MAX; looks++) clock.advance(10);
    expect(warm.lastSeq).toBe(run.turns.length);
    warm.reset();
    clock.advance(90);
    expect(warm.lastSeq).toBe(-1);
    clock.advance(10);
    expect(warm.lastSeq).toBe(ROWS_MAX - 1);
    warm.stop();
    clock.advance(1_000);
    expect(warm.lastSeq).toBe(ROWS_MAX - 1);
  });

  it("has nothing of a run that is not the last one, of a ledger that was put aside, or that is not there", async () => {
    const [first, last] = [recorded(SEED), recorded(SEED + 1)];
    const file = ledgerFile(await recordedLedger([first, last]));
    const warm = new WarmCore({ file, clock: new SystemClock(), logger: silentLogger });
    warm.look();
    warm.reset();
    expect([warm.lastSeq, warm.take(last.runId)]).toEqual([-1, null]);
    warm.look();
    expect(warm.take(first.runId)).toBeNull();
    const absent = new WarmCore({ file: `${file}.none`, clock: new SystemClock(), logger: silentLogger });
    absent.look();
    expect(absent.take(last.runId)).toBeNull();
  });
});
