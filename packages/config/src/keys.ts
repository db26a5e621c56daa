import { jsonSchema } from "./schema.ts";
import type { JsonSchemaNode } from "./schema.ts";

/** One setting: where it stands, how the environment names it, what it may be. */
export interface ConfigKey {
  /** Dotted path, e.g. `feed.symbolsPerConnection`. */
  readonly path: string;
  /** Environment variable, e.g. `SMCQ_FEED__SYMBOLS_PER_CONNECTION`. */
  readonly envName: string;
  /** What is allowed, in words, e.g. `integer 1..1024`. */
  readonly allowed: string;
  readonly description: string;
  readonly defaultValue: unknown;
  readonly node: JsonSchemaNode;
}

/** Prefix of the environment variables that are settings. */
export const ENV_PREFIX = "SMCQ_";

// `__` parts levels, `_` parts words: SMCQ_FEED__SYMBOLS_PER_CONNECTION.
function envName(path: string): string {
  const levels = path
    .split(".")
    .map((level) => level.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return ENV_PREFIX + levels.join("__");
}

function range(node: JsonSchemaNode): string {
  const { minimum, maximum } = node;
  return minimum === undefined || maximum === undefined ? "" : ` ${minimum}..${maximum}`;
}

function textRange(node: JsonSchemaNode): string {
  const shape = node.pattern === undefined ? "" : ` like ${node.pattern}`;
  return `text of ${node.minLength ?? 0}..${node.maxLength ?? "any"} characters${shape}`;
}

/** Returns in words what a schema node allows. */
export function allowedText(node: JsonSchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(allowedText).join(" or ");
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.type === "integer" || node.type === "number") return node.type + range(node);
  if (node.type === "string") return textRange(node);
  if (node.type === "boolean") return "true or false";
  if (node.type === "array")
    return `list of ${node.minItems ?? 0}..${node.maxItems ?? "any"}: ${allowedText(node.items ?? {})}`;
  return node.type ?? "anything";
}

function* leaves(node: JsonSchemaNode, prefix: string): Generator<ConfigKey> {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    if (child.properties !== undefined) yield* leaves(child, path);
    else if (path !== "$schema")
      yield {
        path,
        envName: envName(path),
        allowed: allowedText(child),
        description: child.description ?? "",
        defaultValue: child.default,
        node: child,
      };
  }
}

let known: readonly ConfigKey[] | undefined;

/** Returns every setting, in the order of the schema. */
export function configKeys(): readonly ConfigKey[] {
  known ??= [...leaves(jsonSchema(), "")];
  return known;
}
