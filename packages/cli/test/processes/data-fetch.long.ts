import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Month, monthsBetween, Rng } from "@smcq/kernel";
import { expect, it } from "vitest";
import {
  type ArchiveMirror,
  startArchiveMirror,
} from "../../../exchange-binance/test/support/archive-mirror.ts";
import { monthBars, putBars, putFunding } from "../support/mirrored-market.ts";
import { SOURCE_FLAGS } from "./engine-run.ts";

const root = join(import.meta.dirname, "../../../..");
const main = join(root, "packages/cli/src/main.ts");
const SYMBOLS = Array.from({ length: 20 }, (_, k) => `S${String(k).padStart(2, "0")}USDT`);
const MONTHS = monthsBetween("2024-07" as Month, "2025-06" as Month);
const BARS_A_MONTH = 500;
const KILLS = 5;

/** The store's files by path, and everything else that lies in the folder. */
function filesOf(dataDir: string): Record<string, string> {
  const folder = join(dataDir, "history");
  if (!existsSync(folder)) return {};
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.\w+$/u.test(path),
  );
  return Object.fromEntries(
    paths.toSorted().map((path) => [path, readFileSync(join(folder, path), "latin1")]),
  );
}

async function fetchInto(
  dataDir: string,
  origin: string,
  killAt: (() => boolean) | null,
): Promise<number | null> {
  const child = spawn(
    process.execPath,
    [
      ...SOURCE_FLAGS,
      main,
      ..."data fetch --from 2024-07 --to 2025-06".split(" "),
      `--symbols=${SYMBOLS.join(",")}`,
      `--data-dir=${dataDir}`,
      `--set=feed.archiveBaseUrl=${origin}`,
    ],
    { cwd: root, stdio: "ignore" },
  );
  const ended = once(child, "exit") as Promise<[number | null]>;
  const watch = setInterval(() => {
    if (killAt?.() === true) child.kill("SIGKILL");
  }, 1);
  const [code] = await ended;
  clearInterval(watch);
  return code;
}

function fill(mirror: ArchiveMirror): void {
  for (const symbol of SYMBOLS)
    for (const month of MONTHS) {
      putBars(mirror, { symbol, period: month }, monthBars(symbol, month, BARS_A_MONTH));
      putFunding(mirror, symbol, month);
    }
}

it("12 months of 20 symbols, killed five times at random, come to the bytes of one straight run", async () => {
  const rng = new Rng(Number(process.env["SMCQ_SEED"] ?? 1));
  const folder = mkdtempSync(join(tmpdir(), "smcq-fetch-kills-"));
  const mirror = await startArchiveMirror();
  try {
    fill(mirror);
    const [straight, killed] = [join(folder, "straight"), join(folder, "killed")];
    expect(await fetchInto(straight, mirror.origin, null)).toBe(0);
    const wanted = filesOf(straight);
    expect(Object.keys(wanted).length).toBe(SYMBOLS.length * MONTHS.length * 2);
    const left: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const requests = mirror.requests.length + 1 + rng.int(170);
      const moment = (): boolean => mirror.requests.length >= requests;
      expect(await fetchInto(killed, mirror.origin, moment)).toBeNull();
      const now = filesOf(killed);
      const whole = Object.entries(now).filter(([path]) => /\.(?:bars|funding)$/u.test(path));
      expect(whole.filter(([path, bytes]) => bytes !== wanted[path]).map(([path]) => path)).toEqual([]);
      left.push(Object.keys(now).length);
    }
    expect(left.at(-1)).toBeLessThan(Object.keys(wanted).length);
    expect(await fetchInto(killed, mirror.origin, null)).toBe(0);
    expect(filesOf(killed)).toEqual(wanted);
  } finally {
    await mirror.close();
    rmSync(folder, { recursive: true });
  }
});
