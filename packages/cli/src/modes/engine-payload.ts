import type { EngineConfig, LoadedConfig } from "@smcq/config";
import type { ClockSpec } from "@smcq/kernel";

/** What the supervisor hands to the engine's process: plain data, its first message. */
export interface EnginePayload {
  /** Addresses of the simulated venue already stand in `config.feed`. */
  readonly config: EngineConfig;
  readonly configHash: string;
  readonly configJson: string;
  readonly clock: ClockSpec;
}

/** Where a simulated venue listens on loopback, and the clock that it runs by. */
export interface SimulatedAddress {
  readonly port: number;
  readonly clock: ClockSpec;
}

/** The payload of a run against a simulated venue, or against the addresses of the settings. */
export function enginePayload(loaded: LoadedConfig, simulated: SimulatedAddress | null): EnginePayload {
  const { config, hash, json } = loaded;
  if (simulated === null) return { config, configHash: hash, configJson: json, clock: { type: "system" } };
  const feed = {
    ...config.feed,
    wsBaseUrl: `ws://127.0.0.1:${simulated.port}`,
    restBaseUrl: `http://127.0.0.1:${simulated.port}`,
  };
  return { config: { ...config, feed }, configHash: hash, configJson: json, clock: simulated.clock };
}

/** Supervisor -> engine, first of all. */
export interface StartMessage {
  readonly type: "start";
  readonly payload: EnginePayload;
}

/** Supervisor -> engine. */
export interface StopMessage {
  readonly type: "stop";
}
