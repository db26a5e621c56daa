import type { ChildProcess } from "node:child_process";
import type { SimControl } from "@smcq/binance-sim";

/** What a drill tells the supervisor that it has started, over the channel between the two. */
export type DrillWord =
  /** The parent is a drill: what it has started ends with it. */
  | { readonly type: "drill-begin" }
  /** What goes wrong at the venue from now on, in the place of what did before; "": nothing. */
  | { readonly type: "drill-faults"; readonly plan: string }
  /** Kills the engine's process (SIGKILL). */
  | { readonly type: "drill-kill" };

/** The processes that a drill puts to the test; null: it is not there at the moment. */
export interface DrilledParts {
  readonly engine: () => ChildProcess | null;
  readonly venue: () => ChildProcess | null;
}

/**
 * Obeys a drill, if one has started this process: a channel to a parent is there, and the words are a drill's own. When the
 * drill is gone, `onGone` is called once; any other parent may let go of the channel. Does nothing without one.
 */
export function obeyDrill({ engine, venue }: DrilledParts, onGone: () => void): void {
  if (!process.connected) return;
  process.on("message", (word: DrillWord) => {
    if (word.type === "drill-begin") process.once("disconnect", onGone);
    else if (word.type === "drill-faults")
      venue()?.send({ type: "faults", faults: word.plan } satisfies SimControl, () => {});
    else if (word.type === "drill-kill") engine()?.kill("SIGKILL");
  });
  // It alone keeps nobody alive.
  process.channel?.unref();
}
