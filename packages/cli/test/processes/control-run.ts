import { SystemClock } from "@smcq/kernel";
import { ledgerFile, RecordReader } from "@smcq/ledger";
import { askEngine } from "../../src/control/control-client.ts";
import type { StatusView } from "../../src/control/protocol.ts";
import type { EngineRuns, SmcqRun } from "./engine-run.ts";

export const clock: SystemClock = new SystemClock();
/** No condition takes so long. */
const DEADLINE_MS = 60_000;
/** An engine that is ready, over 24 symbols. */
export async function started(
  engines: EngineRuns,
  args: readonly string[] = [],
): Promise<{ run: SmcqRun; folder: string }> {
  const folder = engines.fresh();
  const run = engines.start(["--symbols", "24", ...args], folder);
  await run.sees("READY");
  return { run, folder };
}

/** Asks again and again until the answer will do; returns it with the wall ms that it took. */
export async function awaited<T>(
  ask: () => Promise<T>,
  isGood: (answer: T) => boolean,
): Promise<{ readonly answer: T; readonly tookMs: number }> {
  const startNs = clock.monoNs();
  for (;;) {
    const answer = await ask();
    const tookMs = (clock.monoNs() - startNs) / 1e6;
    if (isGood(answer)) return { answer, tookMs };
    if (tookMs > DEADLINE_MS) throw new Error(`waited too long: ${JSON.stringify(answer)}`);
    await new Promise<void>((resolve) => clock.after(2, resolve));
  }
}

/** Asks for the status. */
export const statusOf = (folder: string) => (): Promise<StatusView> =>
  askEngine(folder, { request: "status" });
export const isHalted = ({ account }: StatusView): boolean => account?.state === "HALTED";

/** Waits until something is held. */
export async function held(folder: string): Promise<readonly string[]> {
  const ask = () => askEngine(folder, { request: "positions" });
  const { answer } = await awaited(ask, ({ positions }) =>
    positions.some(({ guard }) => guard === "guarded"),
  );
  return answer.positions.filter(({ guard }) => guard === "guarded").map(({ symbol }) => symbol);
}

/** The words that the ledger has of a run, each with the way by which it came. */
export function words(folder: string): readonly string[] {
  const reader = new RecordReader(ledgerFile(folder));
  try {
    const run = reader.run(null);
    return reader.incidents(run.runKey, "operator").map(({ detail }) => {
      const { word, by } = detail as { readonly word: string; readonly by?: string };
      return `${word} ${by ?? "itself"}`;
    });
  } finally {
    reader.close();
  }
}
