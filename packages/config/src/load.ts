import { SmcqError, assert } from "@smcq/kernel";
import { canonicalJson, sha256Hex } from "./canonical.ts";
import type { EngineConfig } from "./engine-config.ts";
import { ConfigErrorCode } from "./errors.ts";
import { readJsonObject } from "./files/json-file.ts";
import { configKeys } from "./keys.ts";
import { envLayer, fileLayer, flagLayer } from "./layers.ts";
import type { ConfigFault, ConfigSource, LayerValue } from "./layers.ts";
import { contradictions, engineConfigSchema, jsonSchema } from "./schema.ts";

/** A page that shows an account is served where somebody wants it, unless nothing of the account is worth anything. */
const NO_DASHBOARD = { "dashboard.enabled": false };

/** Addresses: docs/binance.md 1.4. */
const MODE_DEFAULTS: ReadonlyMap<unknown, Readonly<Record<string, unknown>>> = new Map<
  unknown,
  Readonly<Record<string, unknown>>
>([
  ["paper", NO_DASHBOARD],
  ["live", NO_DASHBOARD],
  [
    "demo",
    {
      ...NO_DASHBOARD,
      "feed.wsBaseUrl": "wss://demo-fstream.binance.com",
      "feed.restBaseUrl": "https://demo-fapi.binance.com",
    },
  ],
]);

export interface LoadConfigOptions {
  /** Path of a JSON settings file. */
  readonly file?: string | undefined;
  /** Usually `process.env`; only `SMCQ_*` is read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By dotted path; `undefined` means "not given". */
  readonly flags: Readonly<Record<string, unknown>>;
}

export interface LoadedConfig {
  readonly config: EngineConfig;
  /** The settings file; null: there was none. */
  readonly file: string | null;
  /** Where each value came from, by dotted path. */
  readonly sources: Readonly<Record<string, ConfigSource>>;
  /** sha256 (hex) of `json`. */
  readonly hash: string;
  /** The configuration as canonical JSON. */
  readonly json: string;
}

// Null prototypes all the way: a value can never be found or left on Object.prototype.
function nest(values: ReadonlyMap<string, LayerValue>): object {
  const root = Object.create(null) as Record<string, unknown>;
  for (const [path, { value }] of values) {
    const levels = path.split(".");
    const leaf = levels.pop() ?? path;
    let node = root;
    for (const level of levels) {
      node[level] ??= Object.create(null) as unknown;
      node = node[level] as Record<string, unknown>;
    }
    node[leaf] = value;
  }
  return root;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

/** Of more faults the rest is counted. */
const FAULTS_SHOWN_MAX = 20;
const VALUE_CHARACTERS_MAX = 80;

/** Settings into which a password might be put by mistake. */
const NEVER_SHOWN: ReadonlySet<string> = new Set(["ledger.mirrorUrl", "bus.url"]);

function show(path: string, value: unknown): string {
  if (NEVER_SHOWN.has(path)) return "what is given";
  // JSON has no NaN or Infinity and would call them null.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)}...` : text;
}

function rangeFaults(values: ReadonlyMap<string, LayerValue>): ConfigFault[] {
  const parsed = engineConfigSchema.safeParse(nest(values));
  if (parsed.success) return [];
  const issuePaths = parsed.error.issues.map((issue) => issue.path.map(String).join("."));
  const faults: ConfigFault[] = [];
  for (const { path, allowed } of configKeys()) {
    // A list names the item (`universe.symbols.3`): the fault is the list's.
    const isFaulty = issuePaths.some((issuePath) => issuePath === path || issuePath.startsWith(`${path}.`));
    const given = values.get(path);
    if (isFaulty && given !== undefined)
      faults.push({
        path,
        source: given.source,
        text: `${show(path, given.value)} is not allowed: ${allowed}`,
      });
  }
  assert(faults.length > 0, "Invariant: every refusal of the schema belongs to a known setting");
  return faults;
}

function crossFaults(
  values: ReadonlyMap<string, LayerValue>,
  faultyPaths: ReadonlySet<string>,
): ConfigFault[] {
  const sound = new Map([...values].filter(([path]) => !faultyPaths.has(path)));
  return contradictions(engineConfigSchema.parse(nest(sound)))
    .filter(({ paths }) => paths.every((path) => !faultyPaths.has(path)))
    .map(({ paths, rule }) => {
      const given = paths.map((path) => values.get(path)).find((value) => value !== undefined);
      const path = paths[0] ?? "";
      const value = values.get(path);
      const text = value === undefined ? rule : `${show(path, value.value)} ${rule}`;
      return { path, source: given?.source ?? "default", text };
    });
}

function refuse(faults: readonly ConfigFault[], file: string | undefined): never {
  const lines = faults
    .slice(0, FAULTS_SHOWN_MAX)
    .map(({ path, source, text }) => `${path} (${source}): ${text}`);
  if (faults.length > FAULTS_SHOWN_MAX) lines.push(`and ${faults.length - FAULTS_SHOWN_MAX} more`);
  throw new SmcqError(
    ConfigErrorCode.Invalid,
    `${faults.length} wrong setting(s):\n  ${lines.join("\n  ")}`,
    {
      context: { faults: lines, file: file ?? null },
    },
  );
}

/** Defaults that depend on the mode. */
function defaultsOf(mode: unknown): readonly (readonly [string, LayerValue])[] {
  const own = MODE_DEFAULTS.get(mode) ?? {};
  return Object.entries(own).map(([path, value]) => [path, { value, source: "default" }]);
}

/**
 * Returns the effective settings: defaults < JSON file < `SMCQ_*` environment < flags, frozen and hashed. Refuses with
 * CONFIG_INVALID, all faults at once (context `faults`), or with CONFIG_FILE_UNREADABLE, CONFIG_FILE_MALFORMED.
 */
export function loadConfig(options: LoadConfigOptions): LoadedConfig {
  const layers = [
    ...(options.file === undefined ? [] : [fileLayer(readJsonObject(options.file), jsonSchema())]),
    envLayer(options.env),
    flagLayer(options.flags),
  ];
  const given = new Map(layers.flatMap((layer) => [...layer.values]));
  const values = new Map([...defaultsOf(given.get("mode")?.value), ...given]);
  const faults = layers.flatMap((layer) => layer.faults);
  const outOfRange = rangeFaults(values);
  faults.push(...outOfRange, ...crossFaults(values, new Set(outOfRange.map((fault) => fault.path))));
  if (faults.length > 0) refuse(faults, options.file);

  const config = deepFreeze(engineConfigSchema.parse(nest(values)));
  const sources = Object.create(null) as Record<string, ConfigSource>;
  for (const { path } of configKeys()) sources[path] = values.get(path)?.source ?? "default";
  const json = canonicalJson(config);
  return Object.freeze({
    config,
    file: options.file ?? null,
    sources: Object.freeze(sources),
    hash: sha256Hex(json),
    json,
  });
}

/** Returns the value of a dotted path in a configuration. */
export function configValue(config: EngineConfig, path: string): unknown {
  let node: unknown = config;
  for (const level of path.split("."))
    node =
      typeof node === "object" && node !== null && Object.hasOwn(node, level)
        ? (node as Record<string, unknown>)[level]
        : undefined;
  return node;
}
