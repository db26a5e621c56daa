import { hostname } from "node:os";
import type { BusConnection } from "@smcq/bus-nats";
import type { BusConfig } from "@smcq/config";
import { present, type Logger } from "@smcq/kernel";

/** Whose answers are nobody else's, by role, as deploy/nats/nats.conf has it; of another one: who asks for jobs. */
const INBOXES: Readonly<Record<string, string>> = {
  all: "trader",
  executor: "trader",
  standby: "trader",
  scanner: "scanner",
  worker: "worker",
};

/**
 * The bus that the settings name. The adapter is loaded here and nowhere before: an engine on one host has none of it. Errors:
 * BUS_URL, BUS_CREDENTIALS, BUS_UNREACHABLE, BUS_REFUSED.
 */
export async function openBus(config: BusConfig, role: string, logger: Logger): Promise<BusConnection> {
  const { BusConnection: Connection } = await import("@smcq/bus-nats");
  return Connection.open({
    ...config,
    url: present(config.url, "Invariant: who opens the bus has an address"),
    inbox: INBOXES[role] ?? "asker",
    client: `smcq ${role} ${hostname()} ${process.pid}`,
    logger,
  });
}
