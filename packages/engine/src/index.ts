export * from "./engine.ts";
export * from "./events.ts";
export * from "./journal.ts";
export * from "./signal.ts";
