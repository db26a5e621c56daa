import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, until } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());

it.each<readonly [string, (folder: string) => void]>([
  ["removed", (folder) => rmSync(folder, { recursive: true })],
  [
    "replaced by an empty one",
    (folder) => {
      renameSync(folder, `${folder}-old`);
      mkdirSync(folder);
    },
  ],
])(
  "a running engine whose data folder is %s says what it has lost and ends with the ledger's code",
  async (_what, deed) => {
    const home = engines.fresh();
    const folder = join(home, "data");
    const run = engines.start([], folder);
    await run.sees("READY");
    const stored = (): boolean =>
      run.lines.some(({ msg, candidates }) => msg === "minute" && Number(candidates) > 0);
    await until(stored, "a signal");
    deed(folder);
    expect(await run.ends()).toBe(ExitCode.Ledger);
    expect(run.count("ledger is dead")).toBe(1);
    const end = await run.sees("run could not be closed in the ledger");
    expect(end).toMatchObject({ stored: 0 });
    expect(Number(end["signalsLost"])).toBeGreaterThan(0);
  },
);
