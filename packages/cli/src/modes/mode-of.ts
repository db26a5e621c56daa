import type { EngineConfig } from "@smcq/config";
import { assertNever } from "@smcq/kernel";
import { paperMode } from "./paper.ts";
import type { Mode } from "./ports.ts";
import { simMode } from "./sim.ts";
import { tradedMode } from "./traded.ts";

/** The mode that the settings name: the one place where that name becomes a behaviour. */
export function modeOf(config: EngineConfig): Mode {
  switch (config.mode) {
    case "sim":
      return simMode(config);
    case "paper":
      return paperMode(config);
    case "demo":
    case "live":
      return tradedMode(config, config.mode);
    default:
      return assertNever(config.mode);
  }
}
