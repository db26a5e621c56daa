import type { LoadedConfig } from "@smcq/config";
import { LIVE_VARIABLE } from "@smcq/config/run";
import { hostKind } from "@smcq/exchange-binance";
import { credentialFaults } from "@smcq/exchange-binance/trading";
import { SmcqError } from "@smcq/kernel";
import { keyFilesOf } from "./key-files.ts";

/** What `LIVE_VARIABLE` must hold. */
export const LIVE_WORD = "yes-real-money";

/** What the gates that need no network look at. */
export interface GateGround {
  readonly loaded: LoadedConfig;
  /** Usually `process.env`; it stays as it is. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Variables that let somebody else stand between us and the venue (docs/security.md T13). */
const TLS_VARIABLES = ["NODE_TLS_REJECT_UNAUTHORIZED", "NODE_EXTRA_CA_CERTS"] as const;

const KEY_VARIABLES = [
  "BINANCE_API_KEY",
  "BINANCE_API_SECRET",
  "BINANCE_API_KEY_FILE",
  "BINANCE_API_SECRET_FILE",
] as const;

/** Why the mode may not start, each reason with what to do; empty in modes whose money is made up. */
export function closedGates(ground: GateGround): readonly string[] {
  return [...missingWords(ground), ...unsafeGround(ground)];
}

/** What mode live wants to be told, so that nobody starts it by accident. */
export function missingWords(ground: GateGround): readonly string[] {
  const { mode, role } = ground.loaded.config;
  return mode === "live" && role !== "scanner" ? liveWishes(ground) : [];
}

/** What makes it unsafe, or impossible, to send anything that is signed. */
export function unsafeGround(ground: GateGround): readonly string[] {
  const { mode, role } = ground.loaded.config;
  if (role === "scanner") return [...(mode === "paper" ? [] : hosts(ground)), ...foundKeys(ground)];
  if (mode === "live") return [...hosts(ground), ...tls(ground), ...keys(ground)];
  if (mode === "demo") return [...hosts(ground), ...keys(ground)];
  return [];
}

/** Refuses with CONFIG_GATE_CLOSED, all closed gates at once; nothing has been opened, and nothing sent. */
export function requireGates(ground: GateGround): void {
  const closed = closedGates(ground);
  if (closed.length === 0) return;
  const { mode } = ground.loaded.config;
  throw new SmcqError(
    "CONFIG_GATE_CLOSED",
    `mode ${mode} does not start, ${closed.length} gate(s) are closed:\n  ${closed.join("\n  ")}`,
    { context: { mode, closed } },
  );
}

function liveWishes({ loaded, env }: GateGround): readonly string[] {
  const source = loaded.sources["mode"] ?? "default";
  return [
    ...(source === "flag"
      ? []
      : [
          `flag: give --mode live on the command line; it stands in the ${WORDS[source]}, which is not enough`,
        ]),
    ...(loaded.file === null ? ["settings file: give --config FILE; live runs by written settings"] : []),
    ...(env[LIVE_VARIABLE] === LIVE_WORD
      ? []
      : [`${LIVE_VARIABLE}: set it to ${LIVE_WORD} in the environment; this mode trades real money`]),
  ];
}

const WORDS = { file: "settings file", env: "environment", default: "defaults", flag: "flags" } as const;

function hosts({ loaded }: GateGround): readonly string[] {
  const { mode, feed } = loaded.config;
  const allowed = mode === "live" ? ["production"] : ["demo", "loopback"];
  const wanted = mode === "live" ? "the venue's production hosts" : "the demo venue's hosts, or loopback";
  const closed = (["wsBaseUrl", "restBaseUrl"] as const)
    .filter((key) => !allowed.includes(hostKind(feed[key])))
    .map((key) => `feed.${key}: ${hostText(feed[key])} is refused; mode ${mode} takes ${wanted} alone`);
  if (mode === "live" && feed.allowCustomHost)
    closed.push("feed.allowCustomHost: set it to false; mode live takes no custom host");
  return closed;
}

/** The host alone: a path or a query might hold anything. */
function hostText(base: string): string {
  return URL.canParse(base) ? new URL(base).hostname : "no host";
}

function tls({ env }: GateGround): readonly string[] {
  return TLS_VARIABLES.filter((name) => env[name] !== undefined).map(
    (name) => `${name}: unset it; the venue's certificate is checked by the system's own authorities`,
  );
}

/** A host that scans must not be one from which orders can be signed. */
function foundKeys({ env }: GateGround): readonly string[] {
  return KEY_VARIABLES.filter((name) => env[name] !== undefined).map(
    (name) => `${name}: unset it; a scanner has no account and reads no key`,
  );
}

function keys({ loaded, env }: GateGround): readonly string[] {
  return credentialFaults({ env, ...keyFilesOf(loaded.config) });
}
