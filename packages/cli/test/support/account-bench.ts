import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BinanceSim, startBinanceSim, type TradingOptions } from "@smcq/binance-sim";
import { BinanceReferenceData } from "@smcq/exchange-binance";
import { loadCredentials } from "@smcq/exchange-binance/trading";
import { type Logger, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { ledgerFile, openLedger } from "@smcq/ledger";
import { onTestFinished } from "vitest";
import { optionsOf } from "../../../engine/test/support/fixtures.ts";
import type { AccountDuty, OrdersName, TradingAccount } from "../../src/accounts/account.ts";
import { openVenueAccount } from "../../src/accounts/venue-account.ts";
import { runRecord } from "./recorded-ledger.ts";

export const KEY: string = "k".repeat(64);
export const SECRET: string = "s".repeat(64);
const CLOCK = new SystemClock();

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "smcq-account-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A ledger that a run on `account` stands in. */
export async function ledgerOf(account: string, engineId: string): Promise<string> {
  const dataDir = temporaryFolder();
  const file = ledgerFile(dataDir);
  const ledger = await openLedger({ file, queueMax: 1_000, clock: CLOCK, onEvent() {} });
  await ledger.beginRun(runRecord(`run of ${engineId}`));
  const { trading, ...options } = optionsOf();
  if (trading === undefined) throw new Error("a core that trades");
  ledger.openJournal({
    engine: { ...options, trading: { ...trading, engineId } },
    orders: account.split("/")[0] ?? "",
    account,
    onHealth() {},
  });
  await ledger.close();
  return dataDir;
}

/** A venue whose account somebody may want to trade on, and what its key and data folder are. */
export class AccountBench {
  readonly sim: BinanceSim;
  readonly leaseDir: string = temporaryFolder();

  private constructor(sim: BinanceSim) {
    this.sim = sim;
  }

  static async open(trading: Partial<TradingOptions> = {}): Promise<AccountBench> {
    const keys = [{ key: KEY, type: "hmac", secret: SECRET }] as const;
    const sim = await startBinanceSim({
      speed: 1,
      epoch: "wall",
      weightLimit: 100_000,
      trading: { keys, prices: "held", ...trading },
    });
    onTestFinished(() => sim.stop());
    return new AccountBench(sim);
  }

  /** Opens the account as mode live does, or another one; it is closed when the test is over. */
  async enter(
    wish: {
      readonly orders?: OrdersName;
      readonly dataDir?: string;
      readonly secret?: string;
      readonly leaseDir?: string;
      readonly logger?: Logger;
      readonly marginType?: "cross" | "isolated";
      readonly watched?: readonly string[];
      readonly duty?: AccountDuty;
    } = {},
  ): Promise<TradingAccount> {
    const { orders = "binance", dataDir = temporaryFolder(), logger = silentLogger } = wish;
    const { sim } = this;
    const bases = { wsBase: sim.wsUrl, restBase: sim.restUrl };
    const reference = new BinanceReferenceData({
      origin: sim.restUrl,
      clock: CLOCK,
      rng: new Rng(1),
      log: logger,
    });
    onTestFinished(() => reference.close());
    await reference.synchroniseClock();
    const account = await openVenueAccount({
      orders,
      bases,
      credentials: loadCredentials({
        env: { BINANCE_API_KEY: KEY, BINANCE_API_SECRET: wish.secret ?? SECRET },
      }),
      rest: reference.rest,
      venueClock: CLOCK,
      wallClock: CLOCK,
      rng: new Rng(2),
      floorMs: 0,
      logger,
      marginType: wish.marginType ?? "cross",
      watched: wish.watched ?? [],
      ...(wish.duty === undefined ? {} : { duty: wish.duty }),
      gates: { leaseDir: wish.leaseDir ?? this.leaseDir, ledgerFile: ledgerFile(dataDir) },
    });
    onTestFinished(() => account.close());
    return account;
  }

  /** Signed calls that the venue was asked. */
  get asked(): readonly string[] {
    return this.sim.trading?.requests().map(({ method, path }) => `${method} ${path}`) ?? [];
  }
}
