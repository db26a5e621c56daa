import type { Parameters } from "./parameters.ts";

/** `key`: the header alone. `signed`: key, time and signature. */
export type Access = "public" | "key" | "signed";

/** What a call is about: faults and limits ask for it. */
export type CallKind = "order" | "stop" | "cancel" | "setting" | "read" | "stream-key" | "market";

/** A request that has been read. */
export interface ApiRequest {
  readonly parameters: Parameters;
  readonly nowMs: number;
}

/** One call of the venue's REST half. */
export interface Endpoint {
  /** `POST /fapi/v1/order`. */
  readonly name: string;
  readonly access: Access;
  readonly kind: CallKind;
  /** Names that it reads; signed ones read timestamp, recvWindow and signature besides. */
  readonly parameters: readonly string[];
  /** What it costs of the address's minute; it must not throw. */
  weight(parameters: Parameters): number;
  /** Orders that it counts as in 10 seconds and in a minute; absent: none. */
  readonly orderCount?: { readonly in10s: number; readonly in1m: number };
  /** The reply: a value for `wireJson`, or bytes as they are. Throws `VenueError`. */
  handle(request: ApiRequest): unknown;
}

/** A weight that does not depend on anything. */
export function costs(weight: number): () => number {
  return () => weight;
}

/** A weight that depends on whether a symbol is named. */
export function costsBySymbol(one: number, all: number): (parameters: Parameters) => number {
  return (parameters) => (parameters.names.includes("symbol") ? one : all);
}
