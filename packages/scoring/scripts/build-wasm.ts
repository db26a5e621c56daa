// Compiles assembly/leaf-mask.ts into the git-ignored wasm/leaf-mask.wasm: `node scripts/build-wasm.ts`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCE = "assembly/leaf-mask.ts";
const OUTPUT = "wasm/leaf-mask.wasm";
/** What the output was built from: source, flags and compiler. */
const STAMP = "wasm/leaf-mask.sha256";
// The memory is the engine's and shared; its maximum must be named and may be any that WebAssembly has.
const FLAGS = [
  "--optimizeLevel 3 --shrinkLevel 0 --converge --noAssert --runtime stub",
  "--enable simd --enable threads --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536",
].flatMap((line) => line.split(" "));

function sourceHash(): string {
  const hash = createHash("sha256").update(FLAGS.join(" "));
  for (const file of [SOURCE, "package.json"]) hash.update(readFileSync(join(PACKAGE, file)));
  return hash.digest("hex");
}

function isBuilt(hash: string): boolean {
  const stamp = join(PACKAGE, STAMP);
  return existsSync(join(PACKAGE, OUTPUT)) && existsSync(stamp) && readFileSync(stamp, "utf8") === hash;
}

/** Compiles the scorer's WASM, unless it was built from the same source; throws with the compiler's words. */
export async function buildWasm(): Promise<void> {
  const hash = sourceHash();
  if (isBuilt(hash)) return;
  const { main } = await import("assemblyscript/asc");
  // A name of its own, then one rename: another build may be at work.
  const part = `${OUTPUT}.${process.pid}`;
  let words = "";
  const stderr = { write: (chunk: Uint8Array | string): void => void (words += chunk.toString()) };
  const { error } = await main([SOURCE, "--baseDir", PACKAGE, "--outFile", part, ...FLAGS], { stderr });
  if (error !== null) throw new Error(`AssemblyScript refused ${SOURCE}\n${words}`, { cause: error });
  mkdirSync(join(PACKAGE, "wasm"), { recursive: true });
  renameSync(join(PACKAGE, part), join(PACKAGE, OUTPUT));
  writeFileSync(join(PACKAGE, STAMP), hash);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWasm();
