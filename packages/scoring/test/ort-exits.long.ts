import { spawn } from "node:child_process";
import { join } from "node:path";
import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";

const RUNS = 20;
const seed = Number(process.env["SMCQ_SEED"] ?? 20_260_201);
console.info(`ways to end while ONNX Runtime scores: SMCQ_SEED=${seed}`);
const rng = new Rng(seed);

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly ortPid: number;
}

async function runVictim(way: string): Promise<Ended> {
  const args = [join(import.meta.dirname, "ort-victim.ts"), way, String(rng.int(40))];
  const child = spawn(process.execPath, ["--conditions=@smcq/source", ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once("close", (...ended) => resolve(ended));
  });
  return { code, signal, ortPid: Number(out) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// With ONNX Runtime inside the process each of these aborts it (docs/model.md section 3).
describe("a process whose ONNX Runtime is busy", () => {
  it.each([
    ["exit", 3, null],
    ["crash", 1, null],
    ["kill", null, "SIGKILL"],
    ["reload", 3, null],
    ["shut down", 0, null],
  ] as const)("ends by %s as it should, and leaves no process behind", async (way, code, signal) => {
    for (let run = 0; run < RUNS; run++) {
      const ended = await runVictim(way);
      expect(ended).toMatchObject({ code, signal });
      await expect.poll(() => isAlive(ended.ortPid), { timeout: 5_000, interval: 10 }).toBe(false);
    }
  });
});
