/** What a running engine needs, without the schema and its library: its settings come checked, and its memory counts. */
export { canonicalJson, sha256Hex } from "./canonical.ts";
export type * from "./engine-config.ts";
export { LIVE_VARIABLE } from "./live-variable.ts";
