import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LedgerReader, ledgerFile } from "@smcq/ledger";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, type SmcqRun } from "./engine-run.ts";
import { makeModel, putInPlace } from "./model-fixtures.ts";

const runs = new EngineRuns();
afterEach(() => runs.clean());

/** An engine of 60 symbols, a minute every 200 ms. */
function start(args: readonly string[], dataDir: string): SmcqRun {
  const flags = "--shards 2 --symbols 60 --speed 300 --log-format json --log-level debug".split(" ");
  return runs.smcq(["engine", ...flags, "--data-dir", dataDir, ...args]);
}

/** Files of which one changed byte is refused, each with its code. */
const DAMAGES = [
  ["onnx", "MODEL_HASH"],
  ["golden.bin", "MODEL_GOLDEN"],
  ["card.json", "MODEL_CARD"],
] as const;

/** Changes the file's first byte. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

describe("the model of a running engine", () => {
  it("is replaced after a shadow, kept when the new one is damaged, put back at once; a challenger stands beside", async () => {
    const folder = runs.fresh();
    const [a = "", b = "", c = ""] = ["plain", "dart", "isnan_only"].map((name) => makeModel(name, folder));
    const live = join(folder, "live");
    putInPlace(a, live);
    const flags = ["--set", "scan.shadowBars=5", "--set", "scan.modelPollMs=100"];
    const models = ["--model", `${live}.onnx`, "--challenger", `${c}.onnx`];
    const run = start([...models, ...flags], join(folder, "var"));
    const ready = await run.sees("READY");
    const idA = String(ready["scorer"]);
    putInPlace(b, live);
    const swapped = await run.sees("the new version of the model scores now");
    const idB = String(swapped["model"]);
    expect(swapped["from"]).toBe(idA);
    const onnx = readFileSync(`${b}.onnx`);
    writeFileSync(`${live}.onnx`, onnx.subarray(0, onnx.length - 100));
    const refused = await run.sees("new version of the model refused");
    expect(refused["code"]).toBe("MODEL_PARSE");
    for (const [index, [ext]] of DAMAGES.entries()) {
      putInPlace(b, live);
      damage(`${live}.${ext}`);
      await run.sees("new version of the model refused", index + 2);
    }
    putInPlace(a, live);
    const back = await run.sees("back to the model before");
    expect([back["model"], back["from"]]).toEqual([idA, idB]);
    const minutes = run.count("minute");
    await run.sees("minute", minutes + 2);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.lines.filter((line) => line.level === "error").map(({ code }) => code)).toEqual([
      "MODEL_PARSE",
      ...DAMAGES.map(([, code]) => code),
    ]);
    const ledger = new LedgerReader(ledgerFile(join(folder, "var")));
    const [runId = ""] = ledger.runIds(1);
    expect(ledger.modelEvents(runId).map(({ kind, modelId }) => [kind, modelId])).toEqual([
      ["loaded", idA],
      ["challenger", expect.stringMatching(/^isnan_only-/)],
      ["shadow-begun", idB],
      ["shadow-ended", idB],
      ["swapped", idB],
      ...["MODEL_PARSE", ...DAMAGES].map(() => ["refused", idB]),
      ["rolled-back", idA],
    ]);
    const signals = ledger.signals(runId, 100_000);
    const inOrder = signals.map(({ scorerId }) => scorerId).filter((id, index, all) => id !== all[index - 1]);
    expect(inOrder).toEqual([idA, idB, idA]);
    // Beside the first model the challenger, then the new version, then the challenger again.
    const beside = signals.map(({ challenger }) => challenger?.scorerId ?? "none");
    const idC = beside.at(-1) ?? "none";
    expect(idC).toMatch(/^isnan_only-/);
    expect(beside.filter((id, index) => id !== beside[index - 1])).toEqual([idC, idB, idC]);
    expect(
      signals.every(
        ({ atr, invalidationPrice }) =>
          atr !== null && atr > 0 && invalidationPrice !== null && invalidationPrice > 0,
      ),
    ).toBe(true);
    ledger.close();
  });
});
