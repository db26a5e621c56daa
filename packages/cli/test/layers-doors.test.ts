import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LAYERS } from "../../../scripts/layers.ts";
import { SoundWorkspace, put } from "./support/sound-workspace.ts";

const SMC = "packages/smc/src/index.ts";
const LEDGER = "packages/ledger/src/index.ts";
const LOOP = LAYERS.processCaller;

let workspace: SoundWorkspace;

beforeAll(() => {
  workspace = new SoundWorkspace();
});

afterAll(() => {
  workspace.close();
});

function lineBehind(file: string): number {
  return readFileSync(join(workspace.root, file), "utf8").split("\n").length;
}

describe("the mode", () => {
  it.each([
    ["as a member", 'const isSim = config.mode === "sim";'],
    ["as an optional member", "const a = loaded?.mode;"],
    ["as a member by text", 'const a = config["mode"];'],
    ["as an optional member by text", "const a = config?.['mode'];"],
    ["as a member by a template", "const a = b()[`mode`];"],
    ["inside a template", "const a = `mode ${config.mode} of ${`all ${b}`}`;"],
    ["by destructuring", "const { mode } = config;"],
    ["by destructuring among others", "const { scan, mode, ...rest } = config;"],
    ["by destructuring under another name", "let { mode: kind } = config;"],
    ["by destructuring with its text", 'const { "mode": kind } = config;'],
    ["by destructuring with a computed key", 'const { ["mode"]: kind } = config;'],
    ["by destructuring with a type", "const { mode }: EngineConfig = config;"],
    ["by destructuring with a default", 'const { mode = "sim" } = config;'],
    ["by destructuring deep inside", "const { loaded: { config: { mode } } } = payload;"],
    ["by destructuring deep inside a default", "const { config: { mode } = fallback } = payload;"],
    ["by destructuring into what is there", "({ mode } = config);"],
    ["by destructuring in a loop", "for (const { mode } of runs) f();"],
    ["by a parameter", "function f({ mode }: EngineConfig): void {}"],
    ["by a second parameter", "function f(a: number, { scan, mode }: EngineConfig): void {}"],
    ["by a parameter of an arrow", "const f = runs.map(({ mode }) => 1);"],
    ["by a parameter of a method", "class A { #b({ mode }) { return 1; } }"],
  ])("is not read %s outside its folders", (_name, text) => {
    expect(workspace.plantedLine(SMC, text)).toEqual([`${SMC}:${lineBehind(SMC)} mode-read`]);
    const inside = (root: string): void => put(root, "packages/cli/src/modes/sim.ts", `${text}\n`);
    expect(workspace.planted(inside).filter((fault) => fault.includes("mode-read"))).toEqual([]);
  });

  it.each([
    ["the mode of a new file or folder", "mkdirSync(dataDir, { recursive: true, mode: 0o700 });"],
    ["a record that is written", "const run = { mode, runId };\nsave({ mode });"],
    ["a record behind a condition", "const run = isNew ? { mode } : { ...old };"],
    ["a type with a mode", "interface RunRecord { readonly mode: string }\ntype Run = { mode: string };"],
    ["the type of the mode", 'type Mode = EngineConfig["mode"];'],
    ["an annotated value", "const run: { mode: string } = make();"],
    ["an annotated parameter", 'function f(run: { mode: string } = { mode: "x" }): void {}'],
    ["a word of its own", "function f(mode: string): string { return `synchronous = ${mode}`; }"],
    ["SQL, texts and comments", "const sql = `SELECT r.mode`; f('config.mode'); // config.mode"],
    ["a list of names", 'const names = ["mode"];\ntype Keys = "id" | "mode";'],
    ["a word like it", "const a = config.modes; const { model, modeOf } = config;"],
    ["a result that is assigned elsewhere", "const a = { mode: 1 };\nconst isSame = { mode: 1 } === a;"],
  ])("is not mistaken for %s", (_name, text) => {
    expect(workspace.plantedLine(LEDGER, text)).toEqual([]);
  });

  it("may be another thing of that name if the table says what, and no reason stands there in vain", () => {
    const table = { ...LAYERS, modeReaders: { [LEDGER]: "the bits of a file" } };
    const plant = (root: string): void =>
      put(root, LEDGER, `${readFileSync(join(root, LEDGER), "utf8")}a.mode;\n`);
    expect(workspace.planted(plant, table)).toEqual([]);
    expect(workspace.planted(() => {}, table)).toEqual(["scripts/layers.ts table"]);
  });
});

describe("the decision core", () => {
  it.each([
    ["another package", SMC, "engine.process(event);"],
    ["another file of the package", "packages/cluster/src/index.ts", "this.#loop.process(event);"],
    ["a bench", "bench/main.ts", "for (const command of engine.process(event)) f(command);"],
    ["its own loop a second time", LOOP, "this.process(event);"],
    ["an optional call", SMC, "engine?.process?.(event);"],
    ["a call by text", SMC, 'engine["process"](event);'],
    ["a bound call", SMC, "const feed = engine.process.bind(engine);"],
    ["an applied call", SMC, "engine.process.call(engine, event);"],
  ])("is not fed by %s", (_name, file, text) => {
    expect(workspace.plantedLine(file, text)).toEqual([`${file}:${lineBehind(file)} process-caller`]);
  });

  it.each([
    ["Node's own process", 'process.on("exit", f); globalThis.process.exit(1); process.env["A"];'],
    ["a process that was started", "await venue.process.stop(); await venue.process.ended;"],
    ["a private method of the name", "this.#process(rows);"],
    ["a method that is declared", "class A { process(event: Event): void {} }"],
    ["a name in a log", 'logger.error({ process: name }, "it failed");'],
    ["a comment", "// engine.process(event)"],
  ])("is not mistaken for %s", (_name, text) => {
    expect(workspace.plantedLine("packages/cluster/src/index.ts", text)).toEqual([]);
  });

  it("is fed by its loop", () => {
    expect(workspace.planted((root) => put(root, LOOP, "export {};\n"))).toEqual([`${LOOP} process-caller`]);
  });

  it("is called as its tests like, and by itself", () => {
    expect(workspace.plantedLine("packages/smc/test/x.test.ts", "engine.process(event);")).toEqual([]);
    const faults = workspace.planted((root) =>
      put(root, "packages/engine/src/index.ts", "this.#core.process(event);\n"),
    );
    expect(faults).not.toContain("packages/engine/src/index.ts:1 process-caller");
  });
});
