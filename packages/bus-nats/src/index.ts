export { BusConnection, serversOf } from "./connection.ts";
export type { BusOptions } from "./connection.ts";
export type { CredentialFiles } from "./credentials.ts";
export { BusErrorCode, busError } from "./errors.ts";
export { BusNames } from "./names.ts";
export { NatsSignalBus } from "./signals/nats-signal-bus.ts";
export type { SignalBusDeps } from "./signals/nats-signal-bus.ts";
