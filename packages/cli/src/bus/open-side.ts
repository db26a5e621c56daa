import type { EngineConfig } from "@smcq/config";
import { OWN_SIDE, type RunSide } from "./run-side.ts";
import { openBus } from "./open-bus.ts";
import { ExecutorSide } from "./executor/executor-side.ts";
import { type BusSideDeps, ScannerSide } from "./scanner/scanner-side.ts";

/** Roles whose market other hosts scan, or that scan for others; `all` and `standby` have threads of their own, for themselves. */
export function isShared(role: EngineConfig["role"]): role is "scanner" | "executor" {
  return role === "scanner" || role === "executor";
}

/**
 * What the role of the settings makes of a run. The adapter of the bus is loaded where a role needs it alone. Errors: BUS_URL,
 * BUS_CREDENTIALS, BUS_UNREACHABLE, BUS_REFUSED.
 */
export async function openSide(role: EngineConfig["role"], deps: BusSideDeps): Promise<RunSide> {
  if (!isShared(role)) return OWN_SIDE;
  const { payload, wallClock: clock, logger } = deps;
  const connection = await openBus(payload.config.bus, role, logger);
  try {
    const { NatsSignalBus, PartKeeper } = await import("@smcq/bus-nats");
    const signals = await NatsSignalBus.open({ connection, clock, logger });
    return role === "scanner"
      ? new ScannerSide({ connection, signals, joinParts: (options) => PartKeeper.open(options) }, deps)
      : new ExecutorSide({ connection, signals }, deps);
  } catch (error) {
    await connection.close();
    throw error;
  }
}
