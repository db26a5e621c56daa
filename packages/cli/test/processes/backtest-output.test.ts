import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SOURCE_FLAGS } from "./engine-run.ts";

const root = join(import.meta.dirname, "../../../..");
const main = join(root, "packages/cli/src/main.ts");
/** Files of a process may have so many blocks of 1,024 bytes: the tables fit, report.json does not. */
const BLOCKS_MAX = 4;

it("a result that finds no room is refused with its place, and leaves no half of it", () => {
  const folder = mkdtempSync(join(tmpdir(), "smcq-no-room-"));
  try {
    const out = join(folder, "out");
    const command = [process.execPath, ...SOURCE_FLAGS, main, "backtest", "--no-cache", "--rows=700"];
    const limited = `ulimit -f ${BLOCKS_MAX}; exec "$@"`;
    const ended = spawnSync(
      "bash",
      ["-c", limited, "bash", ...command, `--out=${out}`, `--set=dataDir=${join(folder, "var")}`],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    expect(ended.stderr).toContain(`smcq: cannot write ${out}: EFBIG`);
    expect(ended.status).toBe(4);
    expect(readdirSync(out)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
