import { saveMemory } from "./engine-memory.ts";

// The simulated venue beside an engine: its heap, too, is to be collected before it holds four times what is alive.
saveMemory();
await import("@smcq/binance-sim/process");
