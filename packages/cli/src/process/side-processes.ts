import type { LoadedConfig } from "@smcq/config";
import type { Logger } from "@smcq/kernel";
import type { DashboardPayload } from "../dashboard/serve-dashboard.ts";
import { type MirrorPayload, passwordEnvironment, targetOfConfig } from "../mirror/run-mirror.ts";
import { SideProcess } from "./side-process.ts";

/** What is to be started and stopped beside the engine. */
export interface Side {
  start(): void;
  expectEnd(): void;
  stop(): Promise<void>;
}

/** The processes beside the engine that the settings want; refuses an address of the mirror that is none (MIRROR_URL). */
export function sideProcesses(
  { config }: LoadedConfig,
  ground: { readonly isHangupIgnored: boolean; readonly logger: Logger },
): readonly Side[] {
  const { dataDir, dashboard, log, ledger, supervisor } = config;
  const surroundings = { ...ground, policy: supervisor };
  const sides: Side[] = [];
  if (dashboard.enabled)
    sides.push(
      new SideProcess<DashboardPayload>(
        // No environment: it needs no key.
        {
          name: "dashboard",
          entry: "../dashboard/dashboard-process",
          payload: { dataDir, dashboard, log },
          env: {},
        },
        surroundings,
      ),
    );
  if (targetOfConfig(ledger) !== null)
    sides.push(
      new SideProcess<MirrorPayload>(
        {
          name: "mirror",
          entry: "../mirror/mirror-process",
          payload: { dataDir, ledger, log },
          env: passwordEnvironment(process.env),
        },
        surroundings,
      ),
    );
  return sides;
}
