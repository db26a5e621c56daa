import { type Clock, type Logger, SmcqError } from "@smcq/kernel";
import { z } from "zod";
import { assertRouted, hostKind, type VenueBases } from "../../check-url.ts";
import { BinanceErrorCode } from "../../errors.ts";
import { RateBudget } from "../../rest/rate-budget.ts";
import type { BinanceRest } from "../../rest/rest-client.ts";
import { bodyOf } from "../start-checks.ts";
import { SignedRest } from "../wire/signed-rest.ts";
import type { Credentials } from "./credentials.ts";

/** Where the production venue tells of keys: the wallet's API, which the futures hosts do not serve. */
const WALLET_ORIGIN = "https://api.binance.com";
const PATH = "/sapi/v1/account/apiRestrictions";

/** What a key may do, and from where. */
export interface KeyRights {
  readonly canTradeFutures: boolean;
  readonly canWithdraw: boolean;
  readonly canTransferInternally: boolean;
  readonly canTransferUniversally: boolean;
  readonly isIpRestricted: boolean;
}

export interface KeyQuestion {
  readonly bases: VenueBases;
  readonly credentials: Credentials;
  /** The run's public REST: its measured clock is used. */
  readonly rest: BinanceRest;
  readonly clock: Clock;
  readonly log: Logger;
}

// What is not said is not taken for absent: a reply without one of these is no reply.
const Restrictions = z.looseObject({
  ipRestrict: z.boolean(),
  enableFutures: z.boolean(),
  enableWithdrawals: z.boolean(),
  enableInternalTransfer: z.boolean(),
  permitsUniversalTransfer: z.boolean(),
});

/** The key's rights as the venue tells them; null: this venue does not tell (demo). Refuses as `readAccountConfig`. */
export async function readKeyRights(question: KeyQuestion): Promise<KeyRights | null> {
  const { bases, credentials, rest, clock, log } = question;
  const origin = walletOrigin(bases);
  if (origin === null) return null;
  const budget = new RateBudget({ clock });
  const wallet = new SignedRest({
    origin,
    credentials,
    budget,
    offset: rest.offset,
    serverTime: () => rest.serverTime(),
    log,
    onVerdict: () => {},
    onOrderCounts: () => {},
  });
  try {
    const parsed = Restrictions.safeParse(
      bodyOf(await wallet.send({ method: "GET", path: PATH, weight: 1 }), PATH),
    );
    if (!parsed.success)
      throw new SmcqError(BinanceErrorCode.BadReply, `GET ${PATH}: ${z.prettifyError(parsed.error)}`);
    const { data } = parsed;
    return {
      canTradeFutures: data.enableFutures,
      canWithdraw: data.enableWithdrawals,
      canTransferInternally: data.enableInternalTransfer,
      canTransferUniversally: data.permitsUniversalTransfer,
      isIpRestricted: data.ipRestrict,
    };
  } finally {
    await wallet.close();
    budget.close();
  }
}

/** The simulated venue serves everything on its one address. */
function walletOrigin(bases: VenueBases): string | null {
  switch (hostKind(bases.restBase)) {
    case "production":
      return WALLET_ORIGIN;
    case "loopback":
      return assertRouted(bases).restOrigin;
    case "demo":
    case "custom":
      return null;
  }
}

/** What of a key's rights is one too many or one too few for trading real money; empty: nothing. */
export function rightsFaults(rights: KeyRights): readonly string[] {
  const { canTradeFutures, canWithdraw, canTransferInternally, canTransferUniversally } = rights;
  return [
    ...(canWithdraw ? ["it may withdraw: take that right away, or make a key without it"] : []),
    ...(canTransferUniversally
      ? ["it may transfer between wallets (universal transfer): take that right away"]
      : []),
    ...(canTransferInternally
      ? ["it may transfer to other accounts (internal transfer): take that right away"]
      : []),
    ...(canTradeFutures ? [] : ["it may not trade futures: give it that right"]),
  ];
}

/** Refuses with BINANCE_KEY_UNFIT a key that may move money away, or may not trade futures (docs/security.md T1). */
export function checkKeyRights(rights: KeyRights): void {
  const faults = rightsFaults(rights);
  if (faults.length === 0) return;
  throw new SmcqError(BinanceErrorCode.KeyUnfit, `the API key is refused: ${faults.join("; ")}`, {
    context: { ...rights },
  });
}
