import { type Instrument, silentLogger } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { expect, it } from "vitest";
import { CoreDriver } from "../../engine/test/support/core-driver.ts";
import { optionsOf } from "../../engine/test/support/fixtures.ts";
import { recoverRun } from "../src/run/trading/recover.ts";
import { instrumentOf } from "./support/instruments.ts";
import { type RecordedRun, recordedLedger } from "./support/recorded-ledger.ts";

const ACCOUNT = "binance/test";

/** The symbol as the core was told of it, but for what the venue has changed since. */
function listed(change: Partial<Instrument> = {}): ReadonlyMap<string, Instrument> {
  return new Map([["S0", instrumentOf("S0", { marketMaxQty: "100000", ...change })]]);
}

/** The ledger of a run that was given up with a position, or flat. */
async function ledgerOf(isHeld: boolean): Promise<string> {
  const turns: RecordedRun["turns"][number][] = [];
  const driver = new CoreDriver(1, {}, { onTurn: (event, commands) => turns.push({ event, commands }) });
  driver.guard();
  if (!isHeld) {
    driver.fill("stop", { ticks: 9_939 });
    driver.end("target");
  }
  return ledgerFile(await recordedLedger([{ runId: "r1", account: ACCOUNT, options: optionsOf(), turns }]));
}

it("goes on with no run whose position the venue counts in another tick or step now", async () => {
  const [held, flat] = [await ledgerOf(true), await ledgerOf(false)];
  const heldAfter = async (
    file: string,
    change: Partial<Instrument>,
  ): Promise<readonly string[] | undefined> =>
    (await recoverRun({ file, instruments: listed(change) }, ACCOUNT, silentLogger))?.held;
  expect(await heldAfter(held, {})).toEqual(["S0"]);
  expect(await heldAfter(held, { marketMaxQty: "50" })).toEqual(["S0"]);
  for (const change of [{ tickSize: "0.001" }, { marketStepSize: "0.01" }]) {
    expect(await heldAfter(held, change)).toBeUndefined();
    expect(await heldAfter(flat, change)).toEqual([]);
  }
});
