/** The order side: for the thread that owns the account's key. */
export { BinanceGateway } from "./trading/binance-gateway.ts";
export type { BinanceGatewayOptions, GatewayStats } from "./trading/binance-gateway.ts";
export { readCommissionRate } from "./trading/account/commission-rate.ts";
export { credentialFaults, loadCredentials, namedSecret } from "./trading/keys/credentials.ts";
export type { Credentials, CredentialSources } from "./trading/keys/credentials.ts";
export { checkKeyRights, readKeyRights, rightsFaults } from "./trading/keys/key-rights.ts";
export type { KeyQuestion, KeyRights } from "./trading/keys/key-rights.ts";
export { Secret } from "./trading/keys/secret.ts";
export { Signer, signerOf } from "./trading/keys/signer.ts";
export type { KeyKind } from "./trading/keys/signer.ts";
export { Leverages } from "./trading/orders/leverages.ts";
export { MarginTypes } from "./trading/orders/margin-types.ts";
export { MarginWatch } from "./trading/orders/margin-watch.ts";
export type { BrakeState } from "./trading/orders/brakes.ts";
export {
  checkAccountConfig,
  checkClock,
  checkStops,
  readAccountAlias,
  readAccountConfig,
  readPriceE8,
  readRestingOrders,
  readSymbolSettings,
} from "./trading/start-checks.ts";
export type { AccountConfig, RestingOrder, SymbolSetting } from "./trading/start-checks.ts";
export type { SymbolDirectory, TradedSymbol } from "./trading/symbols.ts";
export type { SendingRefusal, SendingRight } from "./trading/wire/sending-right.ts";
export type { SignedRest } from "./trading/wire/signed-rest.ts";
