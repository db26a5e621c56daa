import { z } from "zod";
import { alertRules, alerts } from "./sections/alerts.ts";
import { bus, busRules, role } from "./sections/bus.ts";
import type { EngineConfig } from "./engine-config.ts";
import { type Contradiction, count, DAY_MS, filePath, integer, number, text } from "./fields.ts";
import { ledger, mirrorRules } from "./sections/ledger.ts";
import { fees, protocol, risk, simTrading, strategy } from "./sections/trading.ts";

// docs/decisions.md 9, 28: 499 closed bars are one call of weight 2; the first candidate needs 320 bars.
const HISTORY_BARS_MAX = 499;
/** Of one request at its highest price; more than the scan of a timeframe keeps would help nothing. */
const PLAN_BARS_MAX = 1_499;
const READY_BARS_MIN = 320;

const feed = z.strictObject({
  symbolsPerConnection: integer(1, 1024).default(50).describe("symbols on one WebSocket connection"),
  wsBaseUrl: text(2_048)
    .regex(/^wss?:\/\/./)
    .default("wss://fstream.binance.com")
    .describe(
      "base of the streams, without path; sim: the simulator's own, demo: the demo venue's by default",
    ),
  restBaseUrl: text(2_048)
    .regex(/^https?:\/\/./)
    .default("https://fapi.binance.com")
    .describe(
      "base of the REST API, without path; sim: the simulator's own, demo: the demo venue's by default",
    ),
  archiveBaseUrl: text(2_048)
    .regex(/^https?:\/\/./)
    .default("https://data.binance.vision")
    .describe("base of the archive of past bars that smcq data fetch reads; or of a mirror of it"),
  allowCustomHost: z.boolean().default(false).describe("allow hosts that are neither Binance's nor loopback"),
  boundaryGraceMs: integer(500, 30_000)
    .default(3_000)
    .describe("after the minute, before REST is asked for missing closes (venue time)"),
  boundarySecondMs: integer(1_000, 59_000).default(6_000).describe("the second such question (venue time)"),
  restFinalMs: integer(1_000, 59_000)
    .default(15_000)
    .describe(
      "after the minute, before REST's word on it is final; earlier rows are looked at again (venue time)",
    ),
  dataWatchdogMs: integer(1_000, 120_000)
    .default(15_000)
    .describe("a connection without any data for this long is replaced (venue time)"),
  rotationHours: number(0.01, 23.9).default(23).describe("age at which a healthy connection is replaced"),
  backoffMinMs: integer(100, DAY_MS)
    .default(5_000)
    .describe("wait before the second reconnection (venue time)"),
  backoffMaxMs: integer(100, DAY_MS)
    .default(300_000)
    .describe("longest wait between reconnections (venue time)"),
  connectTimeoutMs: integer(100, 120_000)
    .default(10_000)
    .describe("limit of a WebSocket handshake (wall time)"),
  httpTimeoutMs: integer(100, 120_000).default(10_000).describe("limit of a REST call (wall time)"),
  maxPayloadBytes: integer(1_024, 16_777_216).default(4_194_304).describe("largest frame that is accepted"),
});

const account = z.strictObject({
  keyFile: filePath("modes demo and live: file of mode 0600 with the API key; null: the environment's"),
  secretFile: filePath(
    "modes demo and live: file of mode 0600 with the secret or the private key (PEM); null: the environment's",
  ),
  leaseDir: filePath("folder of the leases on accounts, one for a host; null: the user's state folder"),
});

const universe = z.strictObject({
  cacheMaxAgeMs: integer(0, 30 * DAY_MS)
    .default(3_600_000)
    .describe("age up to which the cached list is used as it is"),
  refreshMs: integer(60_000, DAY_MS)
    .default(3_600_000)
    .describe("how often a running engine looks for listings"),
  symbols: z
    .array(text(64))
    .min(1)
    .max(10_000)
    .nullable()
    .default(null)
    .describe("watch only these symbols; null: all that pass the filter"),
  shrinkRatioMax: number(0, 1)
    .default(0.1)
    .describe("a list that lacks more than this share of the one before needs a second one that agrees"),
  maxSymbols: integer(1, 10_000).default(1_000).describe("most symbols that are watched"),
});

const scan = z.strictObject({
  decisionWindowMs: integer(0, 10_000)
    .default(10)
    .describe("how long the signals of one minute are collected after the first (wall time)"),
  scoreMin: number(0, 1).default(0.6).describe("a score above this is counted as tradable"),
  model: text(4_096)
    .nullable()
    .default(null)
    .describe(
      '"heuristic" or a model file (.onnx, or LightGBM text .txt); null: the heuristic in mode sim, else the model in models/',
    ),
  scorer: z
    .enum(["leaf-mask", "ort"])
    .default("leaf-mask")
    .describe("what scores with the model: leaf-mask, or onnxruntime in a process of its own (slow)"),
  challenger: text(4_096)
    .nullable()
    .default(null)
    .describe("a second model file that scores without weight; its scores are stored beside"),
  modelPublicKey: text(4_096)
    .nullable()
    .default(null)
    .describe("PEM file of an ed25519 public key; given, only models signed with its private key are loaded"),
  modelPollMs: integer(0, DAY_MS)
    .default(5_000)
    .describe("how often the model file is looked at for a new version (wall time); 0: never"),
  shadowBars: integer(0, 10_080)
    .default(60)
    .describe("bars that a new version scores beside the old one before it takes over"),
});

const warmup = z.strictObject({
  historyBars: integer(READY_BARS_MIN, HISTORY_BARS_MAX)
    .default(499)
    .describe("closed M1 bars fetched a symbol"),
  barsReadyMin: integer(READY_BARS_MIN, HISTORY_BARS_MAX)
    .default(320)
    .describe("contiguous bars that make a symbol READY"),
  m5Bars: integer(60, HISTORY_BARS_MAX).default(499).describe("closed M5 bars fetched a symbol, after READY"),
  planBars: integer(READY_BARS_MIN, PLAN_BARS_MAX)
    .default(PLAN_BARS_MAX)
    .describe(
      "closed bars of strategy.plan's timeframe fetched a symbol, after READY, where it is M5 or M15 (instead of m5Bars)",
    ),
});

const sim = z.strictObject({
  port: integer(0, 65_535).default(0).describe("loopback port of the simulated venue; 0: any free one"),
  symbols: integer(1, 10_000).default(297).describe("symbols of the simulated venue that pass the filter"),
  faults: z
    .string()
    .max(4_096)
    .default("")
    .describe("fault knobs of the simulated venue, e.g. MD04=0.02,MD06"),
  updatesPerSecondWall: number(0.01, 100)
    .default(1)
    .describe("most unfinished updates a symbol and second (wall time)"),
});

const log = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("least level that is written"),
  format: z
    .enum(["auto", "pretty", "json"])
    .default("auto")
    .describe("auto: pretty on a terminal, else JSON"),
});

const supervisor = z.strictObject({
  restartsMax: integer(0, 100)
    .default(3)
    .describe("restarts within the window before the supervisor gives up"),
  windowMs: integer(1_000, DAY_MS).default(600_000).describe("window of the restart count (wall time)"),
});

/** On by itself in mode sim alone: `MODE_DEFAULTS` says so. */
const dashboard = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("serve the dashboard, in a process of its own; on by default in mode sim alone"),
  host: text(255)
    .regex(/^[0-9A-Za-z.:-]+$/)
    .default("127.0.0.1")
    .describe("address that the dashboard listens on; another than loopback needs dashboard.behindTlsProxy"),
  port: integer(0, 65_535).default(8_600).describe("port of the dashboard; 0: any free one"),
  behindTlsProxy: z
    .boolean()
    .default(false)
    .describe("a proxy that speaks TLS stands before the dashboard: needs dashboard.publicOrigin"),
  publicOrigin: text(512)
    .regex(/^https:\/\/[0-9a-z.-]+(:[0-9]{1,5})?$/)
    .nullable()
    .default(null)
    .describe("what browsers call the dashboard behind its proxy, e.g. https://desk.example.org"),
});

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** As the dashboard's server takes them. */
const DASHBOARD_LOOPBACK = new Set(["127.0.0.1", "::1"]);

function isPlainAndRemote(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (protocol === "ws:" || protocol === "http:") && !LOOPBACK.has(hostname);
}

/** What is asked of a model when the heuristic is what scores: it would be left out without a word. */
function withoutModel({ mode, scan: asked }: EngineConfig): readonly Contradiction[] {
  const isHeuristic = asked.model === "heuristic" || (asked.model === null && mode === "sim");
  if (!isHeuristic) return [];
  const rule = "needs a model (scan.model): the heuristic is what scores here";
  const found: Contradiction[] = [];
  if (asked.challenger !== null) found.push({ paths: ["scan.challenger", "scan.model", "mode"], rule });
  if (asked.scorer === "ort") found.push({ paths: ["scan.scorer", "scan.model", "mode"], rule });
  return found;
}

/** The rules between the times of the feed. */
function feedTimes({ feed: net }: EngineConfig): readonly Contradiction[] {
  const found: Contradiction[] = [];
  const requireThat = (isKept: boolean, paths: readonly string[], rule: string): void => {
    if (!isKept) found.push({ paths, rule });
  };
  requireThat(
    net.boundarySecondMs > net.boundaryGraceMs,
    ["feed.boundarySecondMs", "feed.boundaryGraceMs"],
    `must be above feed.boundaryGraceMs (${net.boundaryGraceMs})`,
  );
  requireThat(
    net.restFinalMs >= net.boundaryGraceMs,
    ["feed.restFinalMs", "feed.boundaryGraceMs"],
    `must not be below feed.boundaryGraceMs (${net.boundaryGraceMs})`,
  );
  requireThat(
    net.backoffMaxMs >= net.backoffMinMs,
    ["feed.backoffMaxMs", "feed.backoffMinMs"],
    `must not be below feed.backoffMinMs (${net.backoffMinMs})`,
  );
  return found;
}

/** Whoever listens elsewhere than on loopback does so behind TLS, and knows by what name it is called. */
function dashboardRules({ dashboard: own }: EngineConfig): readonly Contradiction[] {
  const found: Contradiction[] = [];
  if (!DASHBOARD_LOOPBACK.has(own.host) && !own.behindTlsProxy)
    found.push({
      paths: ["dashboard.host", "dashboard.behindTlsProxy"],
      rule: `must be one of ${[...DASHBOARD_LOOPBACK].join(", ")}: elsewhere a token would travel unencrypted; with a proxy that speaks TLS before it say --behind-tls-proxy`,
    });
  if (own.behindTlsProxy !== (own.publicOrigin !== null))
    found.push({
      paths: ["dashboard.publicOrigin", "dashboard.behindTlsProxy"],
      rule: "belongs to dashboard.behindTlsProxy: both or neither",
    });
  return found;
}

/** Returns the cross-field rules that this configuration breaks. */
export function contradictions(config: EngineConfig): readonly Contradiction[] {
  const found: Contradiction[] = [
    ...withoutModel(config),
    ...feedTimes(config),
    ...dashboardRules(config),
    ...mirrorRules(config),
    ...alertRules(config),
    ...busRules(config),
  ];
  const requireThat = (isKept: boolean, paths: readonly string[], rule: string): void => {
    if (!isKept) found.push({ paths, rule });
  };
  const { feed: net, warmup: warm } = config;
  requireThat(
    warm.historyBars >= warm.barsReadyMin,
    ["warmup.historyBars", "warmup.barsReadyMin"],
    `must not be below warmup.barsReadyMin (${warm.barsReadyMin})`,
  );
  requireThat(
    config.mode !== "sim" || config.sim.symbols <= config.universe.maxSymbols,
    ["sim.symbols", "universe.maxSymbols"],
    `must not be above universe.maxSymbols (${config.universe.maxSymbols})`,
  );
  const { symbols, maxSymbols } = config.universe;
  requireThat(
    symbols === null || new Set(symbols).size === symbols.length,
    ["universe.symbols"],
    "names a symbol twice",
  );
  requireThat(
    symbols === null || symbols.length <= maxSymbols,
    ["universe.symbols", "universe.maxSymbols"],
    `has more symbols than universe.maxSymbols (${maxSymbols})`,
  );
  const { risk: limits } = config;
  const rising = [
    ["dayLossHalfRatio", "dayLossStopRatio"],
    ["dayLossStopRatio", "dayLossFlattenRatio"],
    ["drawdownFreeRatio", "drawdownHalfRatio"],
  ] as const;
  for (const [low, high] of rising)
    requireThat(
      limits[low] < limits[high],
      [`risk.${high}`, `risk.${low}`],
      `must be above risk.${low} (${limits[low]})`,
    );
  for (const key of ["wsBaseUrl", "restBaseUrl", "archiveBaseUrl"] as const) {
    requireThat(URL.canParse(net[key]), [`feed.${key}`], "must be a URL with a host");
    requireThat(
      net.allowCustomHost || !isPlainAndRemote(net[key]),
      [`feed.${key}`, "feed.allowCustomHost"],
      "may be unencrypted on loopback only (feed.allowCustomHost lifts this)",
    );
  }
  return found;
}

const fields = z.strictObject({
  mode: z
    .enum(["sim", "paper", "demo", "live"])
    .default("sim")
    .describe(
      "sim: simulated venue on loopback; paper: real market data, simulated account; demo: the venue's demo account; live: real money",
    ),
  role,
  shards: count(1, 64).default(8).describe("shard threads that receive the market"),
  compute: z.enum(["pool", "shard"]).default("pool").describe("where detection and scoring run"),
  scanThreads: count(1, 16)
    .default("auto")
    .describe("threads of the scan pool; auto: one a core, at most one a shard"),
  dataDir: text(4_096).default("./var").describe("folder of ledger, caches and run lock"),
  seed: integer(0, 4_294_967_295).default(1).describe("seed of everything random"),
  speed: number(0.1, 1_000).default(30).describe("venue seconds a wall second (mode sim only)"),
  runForMs: integer(1_000, 365 * DAY_MS)
    .nullable()
    .default(null)
    .describe("end by itself after this time (wall); null: never"),
  flattenOnExit: z
    .boolean()
    .default(false)
    .describe("a run that is to end leaves its positions first; else they stay, with their stops"),
  loop: z.boolean().default(false).describe("at the end of the simulated data start over (a gap)"),
  feed: feed.prefault({}),
  account: account.prefault({}),
  rest: z
    .strictObject({
      weightRatioMax: number(0.05, 0.8)
        .default(0.8)
        .describe("share of the venue's REST weight limit that is used"),
    })
    .prefault({}),
  universe: universe.prefault({}),
  scan: scan.prefault({}),
  strategy,
  risk,
  protocol,
  fees,
  simTrading,
  warmup: warmup.prefault({}),
  sim: sim.prefault({}),
  ledger,
  log: log.prefault({}),
  metrics: z
    .strictObject({
      port: integer(0, 65_535)
        .nullable()
        .default(null)
        .describe("loopback port of GET /metrics (Prometheus text); 0: any free one; null: none"),
      memoryMbWarn: integer(64, 1_048_576)
        .default(1_024)
        .describe("resident memory of the engine, MiB, from which it is warned of"),
    })
    .prefault({}),
  dashboard: dashboard.prefault({}),
  alerts,
  bus,
  supervisor: supervisor.prefault({}),
});

/** The one schema: unknown keys refused, every default and range in it. Rules between settings: `contradictions`. */
export const engineConfigSchema: z.ZodType<EngineConfig> = fields;

/** A JSON Schema node, as far as this package reads it. */
export interface JsonSchemaNode {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly items?: JsonSchemaNode;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly description?: string;
  readonly [key: string]: unknown;
}

/** The JSON Schema (2020-12) of a settings file, for editors; cross-field rules are not expressible in it. */
export function jsonSchema(): JsonSchemaNode {
  const node = z.toJSONSchema(fields, { io: "input" }) as JsonSchemaNode;
  return {
    ...node,
    title: "smc-quant settings",
    properties: {
      $schema: { type: "string", description: "ignored; tells editors of this schema" },
      ...node.properties,
    },
  };
}
