import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Before the tests: the sources run unbuilt, but for the scorer's WASM. */
export default function setup(): void {
  execFileSync(process.execPath, [join(import.meta.dirname, "../packages/scoring/scripts/build-wasm.ts")]);
}
