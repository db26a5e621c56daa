import { isMainThread } from "node:worker_threads";

/*
 * Preloaded into every process of an engine: in the engine's own, SIGUSR2 makes it crash, each time in another way
 * that is drawn by lot: an error that nobody catches, a promise that nobody awaits, an exit out of hand.
 */
const WAYS: readonly (() => void)[] = [
  () => {
    throw new Error("a crash on purpose");
  },
  () => void Promise.reject(new Error("a rejection on purpose")),
  () => process.exit(1),
];

if (isMainThread && process.argv[1]?.includes("engine-process") === true)
  process.on("SIGUSR2", () => WAYS[Math.floor(Math.random() * WAYS.length)]?.());
