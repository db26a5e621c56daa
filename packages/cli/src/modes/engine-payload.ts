import { randomBytes } from "node:crypto";
import type { EngineConfig, LoadedConfig } from "@smcq/config";
import type { TradePlanParameters } from "@smcq/features";
import type { ClockSpec } from "@smcq/kernel";

/** What the supervisor hands to the engine's process: plain data, its first message. */
export interface EnginePayload {
  /** Addresses of the simulated venue already stand in `config.feed`. */
  readonly config: EngineConfig;
  readonly configHash: string;
  readonly configJson: string;
  /** What is traded; read once, whatever becomes of its file. */
  readonly plan: TradePlanParameters;
  readonly clock: ClockSpec;
  /** Of the account at a simulated venue; null: the venue is the real one. */
  readonly key: SimulatedKey | null;
}

/** What the account of a simulated venue is opened with: made up, and worth nothing elsewhere. */
export interface SimulatedKey {
  readonly key: string;
  readonly secret: string;
}

export function newSimulatedKey(): SimulatedKey {
  return { key: randomBytes(32).toString("hex"), secret: randomBytes(32).toString("hex") };
}

/** Where a simulated venue listens on loopback, and the clock that it runs by. */
export interface SimulatedAddress {
  readonly port: number;
  readonly clock: ClockSpec;
  readonly key: SimulatedKey;
}

/** The payload of a run against a simulated venue, or against the addresses of the settings. */
export function enginePayload(
  loaded: LoadedConfig,
  plan: TradePlanParameters,
  simulated: SimulatedAddress | null,
): EnginePayload {
  const { config, hash, json } = loaded;
  const loadedParts = { configHash: hash, configJson: json, plan };
  if (simulated === null) return { config, ...loadedParts, clock: { type: "system" }, key: null };
  const feed = {
    ...config.feed,
    wsBaseUrl: `ws://127.0.0.1:${simulated.port}`,
    restBaseUrl: `http://127.0.0.1:${simulated.port}`,
  };
  const { clock, key } = simulated;
  return { config: { ...config, feed }, ...loadedParts, clock, key };
}

/** Supervisor -> engine, first of all. */
export interface StartMessage {
  readonly type: "start";
  readonly payload: EnginePayload;
}

/** Supervisor -> engine. */
export interface StopMessage {
  readonly type: "stop";
  /** Nothing is waited for. */
  readonly isNow?: boolean;
}

/** Engine -> supervisor: its event loop turns; it is READY. */
export interface EngineReport {
  readonly type: "alive" | "ready";
}
