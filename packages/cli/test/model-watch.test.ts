import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SystemClock } from "@smcq/kernel";
import { describe, expect, it, onTestFinished } from "vitest";
import { ModelWatch, modelVersion } from "../src/run/models/model-watch.ts";

const POLL_MS = 5;
const wallClock = new SystemClock();

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "smcq-watch-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Follows `file`; what was told is counted. */
async function watch(file: string, whileLoading: () => void = () => {}): Promise<{ told: number }> {
  const known = await modelVersion(file);
  whileLoading();
  const seen = { told: 0 };
  const watched = new ModelWatch({
    file,
    known,
    pollMs: POLL_MS,
    wallClock,
    onVersion: async () => void seen.told++,
  });
  watched.start();
  onTestFinished(() => watched.stop());
  return seen;
}

async function looks(count: number): Promise<void> {
  await new Promise<void>((resolve) => void wallClock.after(count * POLL_MS * 2, resolve));
}

function writeSet(path: string, content: string): void {
  for (const ext of ["onnx", "card.json", "golden.bin"]) writeFileSync(`${path}.${ext}`, content);
}

describe("ModelWatch", () => {
  it("tells a new version once, and nothing of files that stay or are gone for a while", async () => {
    const path = join(folder(), "m");
    writeSet(path, "a");
    const seen = await watch(`${path}.onnx`);
    await looks(5);
    expect(seen.told).toBe(0);
    writeSet(path, "bb");
    await expect.poll(() => seen.told).toBe(1);
    renameSync(`${path}.card.json`, `${path}.away`);
    await looks(5);
    renameSync(`${path}.away`, `${path}.card.json`);
    await looks(5);
    expect(seen.told).toBe(1);
  });

  it("tells a version that came while the one before was being loaded", async () => {
    const path = join(folder(), "m");
    writeSet(path, "a");
    const seen = await watch(`${path}.onnx`, () => writeSet(path, "bb"));
    await expect.poll(() => seen.told).toBe(1);
  });

  it("follows the training report beside a text, which may come later than the text", async () => {
    const path = folder();
    const text = join(path, "lgbm_smc.txt");
    writeFileSync(text, "a");
    const seen = await watch(text);
    writeFileSync(join(path, "training.json"), "{}");
    await expect.poll(() => seen.told).toBe(1);
  });
});
