import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { SOURCE_FLAGS } from "./engine-run.ts";

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

const MARK = "\u0000";

/** Runs `smcq model ...` several times in one process; closes its standard output after `bytesMax` bytes. */
async function smcq(commands: readonly (readonly string[])[], bytesMax: number = Infinity): Promise<Ended[]> {
  const script = `const { main } = await import(${JSON.stringify(join(root, "packages/cli/src/cli.ts"))});
    for (const args of ${JSON.stringify(commands)}) {
      const code = await main(["model", ...args]);
      for (const stream of [process.stdout, process.stderr]) stream.write(code + ${JSON.stringify(MARK)});
    }`;
  const child = spawn(process.execPath, [...SOURCE_FLAGS, "--input-type=module", "-e", script], {
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
  await new Promise((resolve) => {
    child.once("close", resolve);
  });
  const outs = out.split(MARK);
  return err
    .split(MARK)
    .slice(0, -1)
    .map((part, index) => {
      const code = /\d+$/.exec(part)?.[0] ?? "";
      const own = (whole: string): string => (whole.endsWith(code) ? whole.slice(0, -code.length) : whole);
      return { code: Number(code), out: own(outs[index] ?? ""), err: own(part) };
    });
}

const keys = generateKeyPairSync("ed25519");
writeFileSync(join(folder, "sign.pem"), keys.privateKey.export({ format: "pem", type: "pkcs8" }));
writeFileSync(join(folder, "public.pem"), keys.publicKey.export({ format: "pem", type: "spki" }));

describe("smcq model", () => {
  it("imports, verifies in both engines, shows and scores a model of other features when asked to", async () => {
    const sign = ["--sign", join(folder, "sign.pem"), "--name", "other", "--expires-days", "1"];
    const score = ["score", model, "--rows", rows, "--any-schema"];
    const [refused, imported, verified, shown, strict, scored, byOrt, ...asJson] = await smcq([
      ["import", text, "--out", model],
      ["import", text, "--out", model, "--any-schema", ...sign],
      ["verify", model, "--any-schema", "--public-key", join(folder, "public.pem")],
      ["show", model, "--json"],
      ["verify", model],
      score,
      [...score, "--raw", "--scorer", "ort"],
      [...score, "--json"],
      [...score, "--raw", "--json"],
      ["verify", model, "--any-schema", "--json"],
      ["verify", model, "--json"],
      ["import", text, "--out", join(folder, "again.onnx"), "--any-schema", "--json"],
    ]);
    expect(refused).toMatchObject({ code: 11, out: "" });
    expect(refused?.err).toContain("feature 0 of the model is Column_0");
    expect(imported?.out).toMatch(/^model +other-[0-9a-f]{12}\nstatus +UNPROVEN/);
    expect(verified).toMatchObject({ code: 0, err: "" });
    expect(verified?.out).toMatch(/ok +signature +valid/);
    const golden = /^ok +golden rows, (leaf-mask|ort) +1024 margins equal to the bit$/gm;
    expect(verified?.out.match(golden)).toHaveLength(2);
    const { metadata } = JSON.parse(shown?.out ?? "") as { metadata: object };
    expect(metadata).toMatchObject({ status: "unproven", featureSchemaSha256: null, trees: 50 });
    expect(strict?.code).toBe(11);
    expect(strict?.out).toMatch(/REFUSED +MODEL_FEATURES\n$/);
    expectScores(scored?.out ?? "");
    expect(byOrt?.out.split("\n")).toEqual(scored?.out.split("\n").map((line) => line.split(",")[0]));
    expectSameAsJson(asJson, scored?.out ?? "");
  });

  it("ends quietly when its reader goes away", async () => {
    // Far more than a pipe holds.
    const [header = "", ...lines] = gunzipSync(readFileSync(rows)).toString().trim().split(/\r?\n/);
    const many = join(folder, "many.csv");
    writeFileSync(many, [header, ...Array.from({ length: 100 }, () => lines.join("\n"))].join("\n"));
    const [ended] = await smcq([["score", model, "--rows", many, "--any-schema"]], 100);
    expect(ended?.code).toBe(0);
    const scored = /^smcq model score: (\d+) rows\n$/.exec(ended?.err ?? "")?.[1];
    expect(Number(scored)).toBeLessThan(100 * lines.length);
  });
});

/** What `--json` prints of score, verify and import, beside the CSV of the same rows. */
function expectSameAsJson([scored, raw, verified, strict, imported]: readonly Ended[], csv: string): void {
  const rowsOfCsv = csv
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
  expect(JSON.parse(scored?.out ?? "")).toEqual(
    rowsOfCsv.map(([margin, confidence]) => ({ raw: margin, confidence })),
  );
  expect(JSON.parse(raw?.out ?? "")).toEqual(rowsOfCsv.map(([margin]) => ({ raw: margin })));
  const { checks, ...passed } = JSON.parse(verified?.out ?? "") as { checks: readonly { name: string }[] };
  expect(passed).toMatchObject({ file: model, isPassed: true, refused: null });
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["golden rows, ort", "golden rows, leaf-mask"]),
  );
  expect([strict?.code, JSON.parse(strict?.out ?? "")]).toEqual([
    11,
    expect.objectContaining({ isPassed: false, modelId: null, refused: "MODEL_FEATURES" }),
  ]);
  const again = JSON.parse(imported?.out ?? "") as { card: object; written: { onnx: string } };
  expect([again.written.onnx, again.card]).toEqual([
    join(folder, "again.onnx"),
    expect.objectContaining({ metadata: expect.anything() }),
  ]);
}

/** LightGBM's own margins to the bit, and its predictions. */
function expectScores(out: string): void {
  const numbers = (csv: string, from: number): number[][] =>
    csv
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(",").slice(from).map(Number));
  const wanted = numbers(gunzipSync(readFileSync(rows)).toString(), 12);
  const scored = numbers(out, 0);
  expect(scored.map(([raw]) => raw)).toEqual(wanted.map(([raw]) => raw));
  for (const [row, [, confidence]] of scored.entries()) expect(confidence).toBeCloseTo(wanted[row]![1]!, 14);
}
