export * from "./eventually.ts";
export * from "./feed-conformance.ts";
export * from "./feed-harness.ts";
export * from "./feed-trial.ts";
export * from "./recording-sink.ts";
