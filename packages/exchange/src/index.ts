export * from "./market.ts";
