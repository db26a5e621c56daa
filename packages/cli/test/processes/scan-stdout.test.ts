import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { SOURCE_FLAGS } from "./engine-run.ts";

const root = join(import.meta.dirname, "../../../..");
const klines = join(root, "packages/smc/test/fixtures/BTCUSDT-klines.csv.gz");
const module = join(root, "packages/cli/src/offline/scan/scan-klines.ts");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a scan in a process of its own; closes its standard output after `bytesMax` bytes. */
async function scan(options: object, bytesMax: number = Infinity): Promise<Ended> {
  const script = `import { runScan } from ${JSON.stringify(module)};
    const { bars: rows } = await runScan(${JSON.stringify(options)});
    process.stderr.write("rows " + rows);`;
  const child = spawn(process.execPath, [...SOURCE_FLAGS, "--input-type=module", "-e", script], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    if (out.length > bytesMax) child.stdout.destroy();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  return { code, out, err };
}

it("standard output carries the same bytes as a file would", async () => {
  const ended = await scan({ klines, symbol: "BTCUSDT", candidates: "-" });
  const golden = gunzipSync(
    readFileSync(join(root, "packages/features/test/fixtures/BTCUSDT-candidates.csv.gz")),
  );
  expect(ended).toEqual({ code: 0, out: golden.toString(), err: "rows 10000" });
});

it("a reader that goes away ends the scan quietly, and a file beside it is still completed", async () => {
  const alone = await scan({ klines, symbol: "BTCUSDT", features: "-" }, 1_000);
  expect(alone.code).toBe(0);
  expect(alone.err).toMatch(/^rows \d+$/);
  const folder = mkdtempSync(join(tmpdir(), "smcq-pipe-"));
  try {
    const candidates = join(folder, "c.csv");
    const both = await scan({ klines, symbol: "BTCUSDT", features: "-", candidates }, 1_000);
    expect([both.code, both.err]).toEqual([0, "rows 10000"]);
    expect(readFileSync(candidates, "utf8").trimEnd().split("\n").length).toBe(276);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
