import type { EngineConfig } from "@smcq/config";
import { assertNever } from "@smcq/kernel";
import { paperMode } from "./paper.ts";
import type { Mode } from "./ports.ts";
import { simMode } from "./sim.ts";

/** The mode that the settings name: the one place where that name becomes a behaviour. */
export function modeOf(config: EngineConfig): Mode {
  switch (config.mode) {
    case "sim":
      return simMode(config);
    case "paper":
      return paperMode(config);
    default:
      return assertNever(config.mode);
  }
}
