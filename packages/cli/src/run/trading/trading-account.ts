import type { EngineConfig } from "@smcq/config";
import { type Clock, type Logger, numberToE8 } from "@smcq/kernel";
import type { DeskAccount } from "./desk-account.ts";
import { MemoryAccount } from "./memory-account.ts";
import type { RingMarket } from "./ring-market.ts";

/** An account that a run may trade on, before the run has a market. */
export interface TradingAccount {
  /** What it holds now, USDT e8. */
  readonly walletE8: bigint;
  open(market: RingMarket): DeskAccount;
}

export interface AccountDeps {
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** The account in memory that the settings describe. */
export function memoryAccount(
  { simTrading, fees, seed }: Pick<EngineConfig, "simTrading" | "fees" | "seed">,
  deps: AccountDeps,
): TradingAccount {
  const walletE8 = numberToE8(simTrading.equity);
  return {
    walletE8,
    open: (market) => new MemoryAccount({ market, fees, walletE8, seed, ...deps }),
  };
}

const ID_LENGTH = 4;

/**
 * The four characters that begin the ids of a run's orders: no two runs of an account have the same ones but by chance, for an
 * order that a run before has left at the venue must not be taken for a new one.
 */
export function engineIdOf(runId: string): string {
  const number = Number.parseInt(runId.replaceAll("-", "").slice(0, 10), 16);
  return (number % 36 ** ID_LENGTH).toString(36).padStart(ID_LENGTH, "0");
}
