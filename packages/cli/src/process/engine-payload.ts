import type { EngineConfig } from "@smcq/config";
import type { ClockSpec } from "@smcq/kernel";

/** What the supervisor hands to the engine's process: plain data, its first message. */
export interface EnginePayload {
  /** Addresses of the simulated venue already stand in `config.feed`. */
  readonly config: EngineConfig;
  readonly configHash: string;
  readonly configJson: string;
  readonly clock: ClockSpec;
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
