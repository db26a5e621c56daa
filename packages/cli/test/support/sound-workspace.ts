import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkLayers, faultLine } from "../../../../scripts/check-layers.ts";
import { LAYERS } from "../../../../scripts/layers.ts";
import type { LayersTable } from "../../../../scripts/layers.ts";

/** dependencies (scope left out) and sources of a small workspace that keeps every rule. */
const TREE: Readonly<
  Record<string, { dependencies: readonly string[]; sources: Readonly<Record<string, string>> }>
> = {
  kernel: {
    dependencies: [],
    sources: { "index.ts": 'export * from "./bar.ts";\n', "bar.ts": "export const bar = 1;\n" },
  },
  exchange: {
    dependencies: ["kernel"],
    sources: {
      "index.ts": 'export { bar } from "@smcq/kernel";\n',
      "approval.ts": "export const seal = 1;\n",
      "testing/index.ts": "export const suite = 1;\n",
    },
  },
  wire: {
    dependencies: ["kernel"],
    sources: {
      "index.ts": 'import "@smcq/kernel";\nexport const ring = new SharedArrayBuffer(8);\nAtomics.load;\n',
    },
  },
  smc: { dependencies: ["kernel"], sources: { "index.ts": 'import type { bar } from "@smcq/kernel";\n' } },
  scoring: {
    dependencies: ["kernel"],
    sources: {
      "index.ts": 'import "@smcq/kernel";\nimport "./load-model.ts";\n',
      "load-model.ts": 'import { Worker } from "node:worker_threads";\n',
    },
  },
  ledger: {
    dependencies: ["kernel", "better-sqlite3"],
    sources: {
      "index.ts": 'import "@smcq/kernel";\nimport Database from "better-sqlite3";\nimport "./thread.ts";\n',
      "thread.ts": 'import { Worker } from "node:worker_threads";\n',
      "ledger.worker.ts": 'import { workerData } from "node:worker_threads";\n',
    },
  },
  cluster: {
    dependencies: ["kernel", "wire"],
    sources: {
      "index.ts":
        'import "@smcq/kernel";\nimport { ring } from "@smcq/wire";\nimport { Worker } from "node:worker_threads";\n' +
        "export function take(memory: SharedArrayBuffer): void {}\n",
      "loop/engine-loop.ts": "export const loop = (engine: Engine): void => engine.process(event);\n",
    },
  },
};

/** The table of the repository; what is allowed by a reason of its own does not stand in the small workspace. */
export const SOUND_TABLE: LayersTable = { ...LAYERS, modeReaders: {} };

export function put(root: string, file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}

export function putManifest(
  root: string,
  name: string,
  dependencies: readonly string[],
  more: object = {},
): void {
  const entries = dependencies.map((dependency) =>
    Object.hasOwn(TREE, dependency) ? [`@smcq/${dependency}`, "workspace:*"] : [dependency, "1.2.3"],
  );
  const exports = name === "exchange" ? { ".": {}, "./testing": {}, "./approval": {} } : { ".": {} };
  const manifest = {
    name: `@smcq/${name}`,
    exports,
    dependencies: Object.fromEntries(entries) as object,
    ...more,
  };
  put(root, `packages/${name}/package.json`, JSON.stringify(manifest));
}

export function putReferences(root: string, name: string, references: readonly string[]): void {
  const paths = references
    .filter((other) => Object.hasOwn(TREE, other))
    .map((other) => ({ path: `../${other}` }));
  put(root, `packages/${name}/tsconfig.json`, JSON.stringify({ references: paths }));
}

/** A small workspace in a temporary folder that keeps every rule, and copies of it with something planted. */
export class SoundWorkspace {
  readonly root: string;
  readonly #scratch: string;
  #count = 0;

  constructor() {
    this.#scratch = mkdtempSync(join(tmpdir(), "smcq-layers-"));
    this.root = join(this.#scratch, "sound");
    for (const [name, { dependencies, sources }] of Object.entries(TREE)) {
      putManifest(this.root, name, dependencies);
      putReferences(this.root, name, dependencies);
      for (const [file, text] of Object.entries(sources))
        put(this.root, `packages/${name}/src/${file}`, text);
      const test = 'import "@smcq/cluster";\nimport "vitest";\nconst x = f()!;\n';
      put(this.root, `packages/${name}/test/x.test.ts`, test);
    }
    put(this.root, "bench/main.ts", 'import "@smcq/cluster";\nimport "./other.ts";\n');
  }

  /** What the check says of a copy with something planted: `file:line rule`. */
  planted(plant: (root: string) => void, table: LayersTable = SOUND_TABLE): string[] {
    const root = join(this.#scratch, `tree-${this.#count++}`);
    cpSync(this.root, root, { recursive: true });
    plant(root);
    return checkLayers(root, table).faults.map((fault) => faultLine(fault).split("  ").slice(0, 2).join(" "));
  }

  /** The same with one line more at the end of a file. */
  plantedLine(file: string, text: string): string[] {
    return this.planted((root) => put(root, file, `${readFileSync(join(root, file), "utf8")}${text}\n`));
  }

  close(): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
