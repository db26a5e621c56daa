import type { DashboardConfig, LogConfig } from "@smcq/config";
import { DashboardServer, type Listening, pageFolder, readTokens } from "@smcq/dashboard";
import type { Clock, Logger } from "@smcq/kernel";
import { RunSource } from "./run-source.ts";

/** What the supervisor hands to the dashboard's process; no key, and nothing of the engine's but where its folder is. */
export interface DashboardPayload {
  readonly dataDir: string;
  readonly dashboard: DashboardConfig;
  readonly log: LogConfig;
}

/** Serves the dashboard of a data folder; the folder's tokens are made where they are missing. */
export async function serveDashboard(
  { dataDir, dashboard }: Pick<DashboardPayload, "dataDir" | "dashboard">,
  { wallClock, logger }: { readonly wallClock: Clock; readonly logger: Logger },
): Promise<{ readonly server: DashboardServer; readonly listening: Listening }> {
  const server = new DashboardServer({
    ...dashboard,
    pageFolder: pageFolder(),
    tokens: readTokens(dataDir),
    source: new RunSource({ dataDir, wallClock, logger }),
    wallClock,
    logger,
  });
  return { server, listening: await server.listen() };
}
