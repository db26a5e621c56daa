// Preloaded (`--import`) into every process and thread that runs the sources in a test: what Node made of a source, its
// types stripped and compiled, is kept and taken from there by the hundreds of threads that the suite starts. A thread
// does not take NODE_COMPILE_CACHE from its environment, hence a preload; no .ts, which would load the stripper first.
import { enableCompileCache } from "node:module";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../node_modules/.cache/node-compile");
enableCompileCache(folder);
// For processes that are started with flags of their own.
process.env.NODE_COMPILE_CACHE = folder;
