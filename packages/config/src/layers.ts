import { ENV_PREFIX, configKeys } from "./keys.ts";
import type { ConfigKey } from "./keys.ts";
import { LIVE_VARIABLE } from "./live-variable.ts";
import type { JsonSchemaNode } from "./schema.ts";

/** Where a setting's value came from; later ones win. */
export type ConfigSource = "default" | "file" | "env" | "flag";

/** Something wrong with the settings, told to the user. */
export interface ConfigFault {
  readonly path: string;
  readonly source: ConfigSource;
  readonly text: string;
}

export interface LayerValue {
  readonly value: unknown;
  readonly source: ConfigSource;
}

/** The known values of one or more layers by dotted path, and what was wrong on the way. */
export interface Layer {
  readonly values: Map<string, LayerValue>;
  readonly faults: ConfigFault[];
}

/** Variables of the same prefix that are no settings: of tests, benches, scripts, and the key of mode live. */
const FOREIGN_ENV = new Set(["SMCQ_SHARED", "SMCQ_LONG", "SMCQ_IN_PNPM", LIVE_VARIABLE]);
const FOREIGN_ENV_PREFIXES = ["SMCQ_TEST_", "SMCQ_BENCH_", "SMCQ_CI_"];

/** Of a longer name only so much is shown. */
const NAME_CHARACTERS_MAX = 80;
/** Settings that a mistake may be meant to be are looked for in so many mistakes. */
const HINTS_MAX = 20;

function emptyLayer(): Layer {
  return { values: new Map(), faults: [] };
}

// The classic two-row edit distance; names are short, so its cost does not matter.
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const swap = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

function nearest(name: string, candidates: readonly string[]): string {
  let best = "";
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === "" ? "" : ` (did you mean ${best}?)`;
}

function unknownKey(path: string, source: ConfigSource, candidates: readonly string[]): ConfigFault {
  // The name comes from outside: quoted, so that control characters in it cannot forge a line of the log.
  const shown = path.length > NAME_CHARACTERS_MAX ? `${path.slice(0, NAME_CHARACTERS_MAX)}...` : path;
  const hint = shown === path ? nearest(path, candidates) : "";
  return { path: JSON.stringify(shown), source, text: `unknown setting${hint}` };
}

// Only the schema's own names are followed, so a key such as `__proto__` is unknown and never assigned anywhere.
function flatten(input: object, node: JsonSchemaNode, prefix: string, layer: Layer): void {
  const properties = new Map(Object.entries(node.properties ?? {}));
  for (const [name, value] of Object.entries(input)) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const child = properties.get(name);
    if (path === "$schema") continue;
    if (child === undefined) {
      const known = layer.faults.length < HINTS_MAX ? [...properties.keys()] : [];
      const siblings = known.map((key) => (prefix === "" ? key : `${prefix}.${key}`));
      layer.faults.push(unknownKey(path, "file", siblings));
    } else if (child.properties === undefined) layer.values.set(path, { value, source: "file" });
    else if (typeof value === "object" && value !== null && !Array.isArray(value))
      flatten(value, child, path, layer);
    else layer.faults.push({ path, source: "file", text: "is a group of settings and must be an object" });
  }
}

/** Reads a parsed settings file. */
export function fileLayer(input: object, schema: JsonSchemaNode): Layer {
  const layer = emptyLayer();
  flatten(input, schema, "", layer);
  return layer;
}

const NUMBER = /^[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Returns the typed value of a text where the setting's schema says which is meant, else the text itself. */
export function fromText(text: string, node: JsonSchemaNode): unknown {
  const kinds = node.anyOf ?? [node];
  const word = text.trim();
  if (kinds.some((kind) => kind.type === "null") && (word === "" || word === "null")) return null;
  if (kinds.some((kind) => kind.type === "boolean") && (word === "true" || word === "false"))
    return word === "true";
  if (kinds.some((kind) => kind.type === "integer" || kind.type === "number") && NUMBER.test(word))
    return Number(word.replaceAll("_", ""));
  const list = kinds.find((kind) => kind.type === "array");
  if (list === undefined) return text;
  const parts = word.split(",").map((part) => part.trim());
  return parts.filter((part) => part !== "");
}

function isForeign(name: string): boolean {
  return FOREIGN_ENV.has(name) || FOREIGN_ENV_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * What Kubernetes and Docker make of a service that is called smcq or smcq-something (`SMCQ_SERVICE_HOST`,
 * `SMCQ_PORT=tcp://10.0.0.1:80`, `SMCQ_PORT_80_TCP_ADDR`): name and value together, so that a typo of ours is none.
 */
function isOrchestrators(name: string, text: string): boolean {
  if (name.endsWith("_SERVICE_HOST") || /_PORT_\d+_(?:TCP|UDP|SCTP)_(?:ADDR|PROTO)$/u.test(name)) return true;
  if (/_SERVICE_PORT(?:_[A-Z\d_]+)?$/u.test(name) || /_PORT_\d+_(?:TCP|UDP|SCTP)_PORT$/u.test(name))
    return /^\d+$/u.test(text);
  return /_PORT(?:_\d+_(?:TCP|UDP|SCTP))?$/u.test(name) && /^(?:tcp|udp|sctp):\/\//u.test(text);
}

/** Names of variables that an orchestrator has set and that are left out. */
export function orchestratorVariables(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(env)
    .filter(([name, text]) => name.startsWith(ENV_PREFIX) && isOrchestrators(name, text ?? ""))
    .map(([name]) => name);
}

/** Reads the `SMCQ_*` variables: `__` between levels, `_` between words, lists parted by commas. */
export function envLayer(env: Readonly<Record<string, string | undefined>>): Layer {
  const layer = emptyLayer();
  const byName = new Map(configKeys().map((key) => [key.envName, key]));
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || !name.startsWith(ENV_PREFIX) || isForeign(name)) continue;
    const key = byName.get(name);
    if (key === undefined && isOrchestrators(name, text)) continue;
    if (key === undefined) layer.faults.push(unknownKey(name, "env", [...byName.keys()]));
    else layer.values.set(key.path, { value: fromText(text, key.node), source: "env" });
  }
  return layer;
}

/** Reads flags by dotted path; `undefined` means "not given", texts are typed as the schema says. */
export function flagLayer(flags: Readonly<Record<string, unknown>>): Layer {
  const layer = emptyLayer();
  const byPath = new Map<string, ConfigKey>(configKeys().map((key) => [key.path, key]));
  for (const [path, given] of Object.entries(flags)) {
    if (given === undefined) continue;
    const key = byPath.get(path);
    if (key === undefined) layer.faults.push(unknownKey(path, "flag", [...byPath.keys()]));
    else {
      const value = typeof given === "string" ? fromText(given, key.node) : given;
      layer.values.set(path, { value, source: "flag" });
    }
  }
  return layer;
}
