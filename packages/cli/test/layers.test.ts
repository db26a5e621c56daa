import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkLayers, faultLine } from "../../../scripts/check-layers.ts";
import { LAYERS } from "../../../scripts/layers.ts";
import { scanSource } from "../../../scripts/scan-source.ts";
import { SOUND_TABLE, SoundWorkspace, put, putManifest, putReferences } from "./support/sound-workspace.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

let workspace: SoundWorkspace;
const planted: SoundWorkspace["planted"] = (plant, table) => workspace.planted(plant, table);
const plantedLine: SoundWorkspace["plantedLine"] = (file, text) => workspace.plantedLine(file, text);

beforeAll(() => {
  workspace = new SoundWorkspace();
});

afterAll(() => {
  workspace.close();
});

describe("the layers check", () => {
  it("finds nothing in a sound workspace", () => {
    expect(planted(() => {})).toEqual([]);
  });

  const SMC = "packages/smc/src/index.ts";
  it.each([
    ["a package of a higher floor", SMC, 'import { take } from "@smcq/cluster";', "forbidden-import"],
    ["a port that the table does not give", SMC, 'export * from "@smcq/exchange";', "forbidden-import"],
    ["a forbidden type", SMC, 'import type { take } from "@smcq/cluster";', "forbidden-import"],
    ["a forbidden side effect", SMC, 'import "@smcq/wire";', "forbidden-import"],
    ["a forbidden dynamic import", SMC, 'const a = await import("@smcq/wire");', "forbidden-import"],
    ["a forbidden import type", SMC, 'type A = import("@smcq/wire").B;', "forbidden-import"],
    ["a forbidden import over an escape", SMC, 'import "@smcq\\u002fwire";', "forbidden-import"],
    [
      "a forbidden import inside a template",
      SMC,
      "const a = `${await import(`@smcq/wire`)}`;",
      "forbidden-import",
    ],
    ["itself by name", SMC, 'import "@smcq/smc";', "self-import"],
    ["a deep path", SMC, 'import "@smcq/kernel/src/bar.ts";', "deep-import"],
    [
      "a package that is not there",
      "packages/cluster/src/index.ts",
      'import "@smcq/features";',
      "unknown-package",
    ],
    ["another package by path", SMC, 'import "../../kernel/src/bar.ts";', "foreign-path"],
    ["its own tests", SMC, 'import "../test/x.test.ts";', "foreign-path"],
    ["a script of the root", SMC, 'import "../../../scripts/layers.ts";', "foreign-path"],
    ["a file without its extension", SMC, 'import "./bar";', "extension"],
    ["an npm package outside the table", SMC, 'import ws from "ws";', "third-party"],
    [
      "an npm package of another adapter",
      "packages/ledger/src/index.ts",
      'import "undici/types";',
      "third-party",
    ],
    ["a node module in a pure package", SMC, 'import { readFileSync } from "node:fs";', "node-in-pure"],
    [
      "a node module without its prefix",
      "packages/ledger/src/index.ts",
      'import "fs/promises";',
      "bare-builtin",
    ],
    ["threads outside cluster", "packages/ledger/src/index.ts", 'import "node:worker_threads";', "threads"],
    ["threads under their old name", "packages/ledger/src/index.ts", 'import "worker_threads";', "threads"],
    [
      "the conformance suite in a source",
      "packages/cluster/src/index.ts",
      'import "@smcq/exchange/testing";',
      "forbidden-subpath",
    ],
    [
      "a minted approval",
      "packages/cluster/src/index.ts",
      'import "@smcq/exchange/approval";',
      "forbidden-subpath",
    ],
    ["a computed import", SMC, "const a = await import(name);", "computed-import"],
    [
      "a computed require",
      "packages/ledger/src/index.ts",
      'const a = require("w" + "s");',
      "computed-import",
    ],
    [
      "shared memory outside wire",
      "packages/cluster/src/index.ts",
      "const a = new SharedArrayBuffer(1);",
      "shared-memory",
    ],
    [
      "shared memory handed on as a value",
      "packages/cluster/src/index.ts",
      "const A = SharedArrayBuffer;",
      "shared-memory",
    ],
    [
      "shared memory by text",
      "packages/cluster/src/index.ts",
      'globalThis["Atomics"].load;',
      "shared-memory",
    ],
    ["an atomic operation outside wire", SMC, "Atomics.add(a, 0, 1);", "shared-memory"],
    ["a non-null assertion", SMC, "const a = b()!.c;", "non-null"],
    ["a definite assignment", SMC, "let a!: number;", "non-null"],
    ["a TODO without an issue", SMC, "// TODO: later", "todo"],
    ["a TODO in a test", "packages/smc/test/x.test.ts", "/* one\n * FIXME two */", "todo"],
    ["a deep path in a test", "packages/smc/test/x.test.ts", 'import "@smcq/wire/src/x.ts";', "deep-import"],
    [
      "another package by path in a test",
      "packages/smc/test/x.test.ts",
      'import "../../wire/src/index.ts";',
      "foreign-path",
    ],
    [
      "the helpers of another package's tests",
      "packages/smc/test/x.test.ts",
      'import "../../wire/test/support/x.ts";',
      "foreign-path",
    ],
    [
      "helpers that tests may share in a source",
      SMC,
      'import "../../engine/test/support/fixtures.ts";',
      "foreign-path",
    ],
    [
      "a package by path in a bench",
      "bench/main.ts",
      'import "../packages/wire/src/index.ts";',
      "foreign-path",
    ],
  ])("refuses %s", (_name, file, text, rule) => {
    const line =
      readFileSync(join(workspace.root, file), "utf8").split("\n").length +
      (rule === "todo" && text.includes("\n") ? 1 : 0);
    expect(plantedLine(file, text)).toContain(`${file}:${line} ${rule}`);
  });

  it.each([
    ["a comment", '// import "@smcq/cluster"; Atomics.load'],
    ["a block comment", '/* import x from "ws";\n import "node:fs"; */'],
    ["a text", "const a = 'import \"@smcq/cluster\"';"],
    ["a template", 'const a = `import "ws"; ${b ? `from "ws"` : "}"} x!.y`;'],
    ["a regular expression", 'const a = /["\'`] from "ws"/.test(b) || c / d / e;'],
    ["a word of another object", 'x.import("ws"); x.require(y); const from = "ws";'],
    ["import.meta", "const a = import.meta.url;"],
    ["a negation", "if (!a && b !== c) return !d;\nif (a) !b;"],
    ["a TODO with its issue", "// TODO #12: later"],
  ])("is not fooled by %s", (_name, text) => {
    expect(plantedLine("packages/smc/src/index.ts", text)).toEqual([]);
  });

  it("lets a test use the helpers that tests may share", () => {
    const text = 'import "../../engine/test/support/fixtures.ts";';
    expect(plantedLine("packages/smc/test/x.test.ts", text)).toEqual([]);
  });

  it("refuses a dependency that the table, the imports or tsconfig do not match", () => {
    const manifest = "packages/smc/package.json";
    expect(planted((root) => putManifest(root, "smc", ["kernel", "wire"]))).toEqual([
      `${manifest} dependency-outside-table`,
      `${manifest} unused-dependency`,
      "packages/smc/tsconfig.json references",
    ]);
    expect(planted((root) => putManifest(root, "smc", []))).toEqual([
      `${manifest} undeclared-dependency`,
      "packages/smc/tsconfig.json references",
    ]);
    expect(planted((root) => putReferences(root, "smc", []))).toEqual([
      "packages/smc/tsconfig.json references",
    ]);
    expect(planted((root) => putManifest(root, "smc", ["kernel"], { name: "@smcq/other" }))).toEqual([
      `${manifest} manifest-name`,
    ]);
    expect(planted((root) => putManifest(root, "smc", ["kernel"], { peerDependencies: {} }))).toEqual([
      `${manifest} dependency-kind`,
    ]);
    const loose = { dependencies: { "@smcq/kernel": "workspace:^", "better-sqlite3": "^13.0.0" } };
    expect(planted((root) => putManifest(root, "ledger", [], loose))).toEqual([
      "packages/ledger/package.json dependency-version",
      "packages/ledger/package.json dependency-version",
    ]);
  });

  it("refuses a package without a line in the table", () => {
    const faults = planted((root) => putManifest(root, "desk", []));
    expect(faults).toEqual(["packages/desk unknown-package"]);
  });

  it("refuses loops among files, also of types only, and among packages", () => {
    expect(plantedLine("packages/kernel/src/bar.ts", 'import type { x } from "./index.ts";')).toEqual([
      "packages/kernel/src/bar.ts file-cycle",
    ]);
    const faults = planted((root) => {
      putManifest(root, "kernel", ["wire"]);
      putReferences(root, "kernel", ["wire"]);
      put(root, "packages/kernel/src/bar.ts", 'import "@smcq/wire";\n');
    });
    expect(faults).toContain("packages/kernel/package.json package-cycle");
    expect(faults).toContain("packages/kernel/src/bar.ts:1 forbidden-import");
  });

  it.each([
    ["a source", "packages/smc/src/long.ts", 400],
    ["a script of a package", "packages/smc/scripts/long.ts", 400],
    ["a bench", "bench/micro/long.ts", 400],
    ["a script", "scripts/long.ts", 400],
    ["a test", "packages/smc/test/simulation/long.ts", 800],
  ])(
    "refuses %s that is too long, unless the table says why, and a reason that is not needed",
    (_name, file, max) => {
      const long = (lines: number) => (root: string) => put(root, file, "export {};\n".repeat(lines));
      expect(planted(long(max))).toEqual([]);
      expect(planted(long(max + 1))).toEqual([`${file} long-file`]);
      const table = { ...SOUND_TABLE, longFiles: { [file]: "a data table" } };
      expect(planted(long(max + 1), table)).toEqual([]);
      expect(planted(long(max), table)).toEqual(["scripts/layers.ts table"]);
    },
  );

  it("refuses a folder with more than 15 sources side by side, whatever its subfolders hold", () => {
    const many = (count: number, folder: string) => (root: string) => {
      for (let i = 0; i < count; i++) put(root, `packages/smc/${folder}/part-${i}.ts`, "export {};\n");
    };
    expect(planted(many(14, "src"))).toEqual([]);
    expect(planted(many(15, "src"))).toEqual(["packages/smc/src crowded-folder"]);
    expect(planted(many(15, "src/room"))).toEqual([]);
    expect(planted(many(16, "src/room"))).toEqual(["packages/smc/src/room crowded-folder"]);
    expect(planted(many(30, "test"))).toEqual([]);
  });

  it("refuses a table whose arrows go up or against the layers", () => {
    const wire = LAYERS.packages["wire"];
    if (wire === undefined) throw new Error("the table has a line for wire");
    for (const mayImport of [
      ["kernel", "cluster"],
      ["kernel", "smc"],
      ["kernel", "nowhere"],
    ]) {
      const packages = { ...LAYERS.packages, wire: { ...wire, mayImport } };
      expect(planted(() => {}, { ...SOUND_TABLE, packages })).toEqual(["scripts/layers.ts table"]);
    }
  });
});

describe("the scanner", () => {
  it("keeps the lines of what stands behind templates, comments and texts of several lines", () => {
    const source = '`a\n${b}\n`;\n/* c\n */ import "x";\nconst d = "e\\\nf";\nimport "y";\n';
    expect(scanSource(source).imports).toEqual([
      { specifier: "x", line: 5 },
      { specifier: "y", line: 8 },
    ]);
  });

  it("reads every form of import and export", () => {
    const source = `#!/usr/bin/env node
import a from "1"; import * as b from '2'; import { c as d, type e } from "3";
import type { f } from "4"; export * from "5"; export * as g from "6"; export { h } from "7";
import i, { j } from "8" with { type: "json" }; import "9"; const k = await import("10", {}); require("11");
export const l = 1; export default function m() {} export { n }; export type { o } from "12";
`;
    expect(scanSource(source).imports.map((found) => found.specifier)).toEqual(
      Array.from({ length: 12 }, (_, index) => String(index + 1)),
    );
  });
});

describe("this repository", () => {
  it("keeps its own layers", () => {
    expect(checkLayers(ROOT, LAYERS).faults.map(faultLine)).toEqual([]);
  });

  it("has no file that the table allows to be longer than the others", () => {
    expect(LAYERS.longFiles).toEqual({});
  });
});
