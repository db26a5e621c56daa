import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../../../..");
const fixture = join(root, "packages/scoring/test/fixtures");
const folder = mkdtempSync(join(tmpdir(), "smcq-model-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

const text = join(folder, "lgbm.txt");
const model = join(folder, "lgbm.onnx");
writeFileSync(text, gunzipSync(readFileSync(join(fixture, "plain.model.txt.gz"))));
const rows = join(fixture, "plain.rows.csv.gz");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `smcq model ...` in a process of its own; closes its standard output after `bytesMax` bytes. */
async function smcq(args: readonly string[], bytesMax: number = Infinity): Promise<Ended> {
  const entry = join(root, "packages/cli/src/main.ts");
  const child = spawn(process.execPath, ["--conditions=@smcq/source", entry, "model", ...args], {
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

const keys = generateKeyPairSync("ed25519");
writeFileSync(join(folder, "sign.pem"), keys.privateKey.export({ format: "pem", type: "pkcs8" }));
writeFileSync(join(folder, "public.pem"), keys.publicKey.export({ format: "pem", type: "spki" }));

describe("smcq model", () => {
  it("imports, verifies in both engines, shows and scores a model of other features when asked to", async () => {
    const refused = await smcq(["import", text, "--out", model]);
    expect(refused).toMatchObject({ code: 11, out: "" });
    expect(refused.err).toContain("feature 0 of the model is Column_0");
    const sign = ["--sign", join(folder, "sign.pem"), "--name", "other", "--expires-days", "1"];
    const imported = await smcq(["import", text, "--out", model, "--any-schema", ...sign]);
    expect(imported.out).toMatch(/^model +other-[0-9a-f]{12}\nstatus +UNPROVEN/);
    const verified = await smcq([
      "verify",
      model,
      "--any-schema",
      "--public-key",
      join(folder, "public.pem"),
    ]);
    expect(verified).toMatchObject({ code: 0, err: "" });
    expect(verified.out).toMatch(/ok +signature +valid/);
    expect(
      verified.out.match(/^ok +golden rows, (leaf-mask|ort) +1024 margins equal to the bit$/gm),
    ).toHaveLength(2);
    const card = JSON.parse((await smcq(["show", model, "--json"])).out) as { metadata: object };
    expect(card.metadata).toMatchObject({ status: "unproven", featureSchemaSha256: null, trees: 50 });
  });

  it("scores rows as LightGBM does, by either scorer, and refuses what verify refuses", async () => {
    const lines = gunzipSync(readFileSync(rows)).toString().trim().split(/\r?\n/).slice(1);
    const wanted = lines.map((line) => line.split(",").slice(12).map(Number));
    const scored = await smcq(["score", model, "--rows", rows, "--any-schema"]);
    const numbers = (out: string): number[][] =>
      out
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",").map(Number));
    expect(numbers(scored.out).map(([raw]) => raw)).toEqual(wanted.map(([raw]) => raw));
    for (const [row, [, confidence]] of numbers(scored.out).entries())
      expect(confidence).toBeCloseTo(wanted[row]![1]!, 14);
    const byOrt = await smcq(["score", model, "--rows", rows, "--any-schema", "--raw", "--scorer", "ort"]);
    expect(byOrt.out.split("\n")).toEqual(scored.out.split("\n").map((line) => line.split(",")[0]));
    const refused = await smcq(["verify", model]);
    expect(refused.code).toBe(11);
    expect(refused.out).toMatch(/REFUSED +MODEL_FEATURES\n$/);
  });

  it("ends quietly when its reader goes away", async () => {
    expect(await smcq(["score", model, "--rows", rows, "--any-schema"], 100)).toMatchObject({ code: 0 });
  });
});
