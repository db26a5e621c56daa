import { z } from "zod";
import type { BusConfig, EngineConfig } from "../engine-config.ts";
import { type Contradiction, filePath, integer } from "../fields.ts";

/** Addresses apart by commas, none with a user or a password. */
const BUS_URL = /^(nats|tls):\/\/[^@/,]+(,\s*(nats|tls):\/\/[^@/,]+)*$/;

export const role: z.ZodType<EngineConfig["role"]> = z
  .enum(["all", "scanner", "executor", "standby"])
  .default("all")
  .describe(
    "all: one host does everything; scanner: scans its part of the market; executor: trades what scanners find, and a second one waits to take over; standby: does everything once it has taken over",
  );

export const bus: z.ZodType<BusConfig> = z
  .strictObject({
    url: filePath(
      "nats://host:port or tls://host:port of nats-server with JetStream, several apart by commas, without a password; null: one host, no bus",
    ),
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,31}$/)
      .default("smcq")
      .describe("first word of this installation's subjects, streams and buckets"),
    nkeyFile: filePath("file of mode 0600 with the NKey seed that the bus knows this host by; null: none"),
    caFile: filePath("PEM file of who signs the bus's certificates; null: those that the system trusts"),
    certFile: filePath("PEM file of the certificate that the bus knows this host by; null: none"),
    keyFile: filePath("PEM file of mode 0600 with that certificate's key"),
    connectTimeoutMs: integer(100, 120_000)
      .default(5_000)
      .describe("limit of the first connection to the bus (wall time)"),
    parts: integer(1, 1_024)
      .default(32)
      .describe(
        "parts that the universe is cut into for scanners, the same on every host; several times as many as scanners",
      ),
    memberTtlMs: integer(1_000, 60_000)
      .default(5_000)
      .describe("a scanner that is silent for so long has gone: others take its parts (time awake)"),
    standbyAs: z
      .enum(["all", "executor"])
      .default("all")
      .describe("what a standby becomes when it takes over: the role of whom it stands by for"),
    leaseMs: integer(600, 60_000)
      .default(1_500)
      .describe("how long the account's lease holds after a renewal: who takes over waits a little longer"),
    orderWindowMs: integer(200, 5_000)
      .default(1_000)
      .describe("recvWindow of orders on an account that hosts share: who takes over waits so long, too"),
    venueLostMs: integer(5_000, 3_600_000)
      .default(30_000)
      .describe(
        "a host that trades and that the venue has not answered for so long leaves the account to a standby that reaches it (time awake)",
      ),
    replicatedIntents: z
      .boolean()
      .default(false)
      .describe("an entry leaves only when its row of the journal is with the bus, too"),
    replicas: integer(1, 5)
      .default(1)
      .describe("on how many servers the bus keeps each stream and bucket: 3 outlives one of them"),
  })
  .prefault({});

/** A password would be kept with the settings, in the ledger and in whatever copies it. */
export function busRules({ role: own, bus: net, mode, account }: EngineConfig): readonly Contradiction[] {
  const found: Contradiction[] = [];
  if (own !== "all" && mode === "sim")
    found.push({
      paths: ["role", "mode"],
      rule: "needs a market that all hosts see: mode paper, demo or live",
    });
  if (own === "standby" && mode === "paper")
    found.push({
      paths: ["role", "mode"],
      rule: "needs an account at a venue, which another host can take over: mode demo or live",
    });
  for (const key of ["keyFile", "secretFile"] as const)
    if (own === "scanner" && account[key] !== null)
      found.push({
        paths: [`account.${key}`, "role"],
        rule: "must be null: a scanner has no account and reads no key",
      });
  if (net.url !== null && !BUS_URL.test(net.url)) {
    const rule =
      "must be nats://host:port or tls://host:port, several apart by commas, without a user or a password: name bus.nkeyFile";
    found.push({ paths: ["bus.url"], rule });
  }
  if (net.url === null && own !== "all")
    found.push({ paths: ["role", "bus.url"], rule: "needs bus.url: other hosts are met there" });
  if ((net.certFile === null) !== (net.keyFile === null))
    found.push({ paths: ["bus.certFile", "bus.keyFile"], rule: "belongs to bus.keyFile: both or neither" });
  return found;
}
