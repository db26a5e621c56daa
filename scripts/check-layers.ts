// Holds the tree to scripts/layers.ts: `node scripts/check-layers.ts`. Exit 1 and one line a fault when it does not.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkDocReferences } from "./doc-references.ts";
import { checkFolders, checkModeReads, checkProcessCaller } from "./layer-doors.ts";
import { checkCycles, checkManifest, checkTable } from "./layer-manifests.ts";
import { checkOuter, checkSource } from "./layer-rules.ts";
import type { LayerFault, Manifest, PackageFiles, SourceFile } from "./layer-rules.ts";
import { LAYERS } from "./layers.ts";
import type { LayersTable } from "./layers.ts";
import { scanSource } from "./scan-source.ts";
import type { ScannedSource } from "./scan-source.ts";

const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "assembly"]);

/** Reads and scans a file of the workspace, each only once. */
type Scan = (file: string) => ScannedSource;

function scannerOf(root: string): Scan {
  const known = new Map<string, ScannedSource>();
  return (file) => {
    const scanned = known.get(file) ?? scanSource(readFileSync(join(root, file), "utf8"));
    known.set(file, scanned);
    return scanned;
  };
}

function sourceFiles(root: string, folder: string, scan: Scan): SourceFile[] {
  if (!existsSync(join(root, folder))) return [];
  const found: SourceFile[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory() && !SKIPPED_FOLDERS.has(entry.name)) found.push(...sourceFiles(root, file, scan));
    else if (entry.isFile() && /\.[cm]?tsx?$/.test(entry.name)) found.push({ file, scanned: scan(file) });
  }
  return found.toSorted((left, right) => (left.file < right.file ? -1 : 1));
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

function readPackage(root: string, name: string, scan: Scan): PackageFiles {
  const folder = `packages/${name}`;
  const tsconfig = join(root, folder, "tsconfig.json");
  const { references = [] } = existsSync(tsconfig)
    ? readJson<{ readonly references?: readonly { readonly path: string }[] }>(tsconfig)
    : {};
  return {
    name,
    manifest: readJson<Manifest>(join(root, folder, "package.json")),
    references: references.map((reference) => reference.path),
    sources: sourceFiles(root, `${folder}/src`, scan),
    tests: [...sourceFiles(root, `${folder}/test`, scan), ...sourceFiles(root, `${folder}/scripts`, scan)],
  };
}

export interface LayersReport {
  readonly faults: readonly LayerFault[];
  readonly packageCount: number;
  readonly fileCount: number;
}

/** Checks a whole workspace against a table; reads files only, needs no install. */
export function checkLayers(root: string, table: LayersTable): LayersReport {
  const names = readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, "packages", entry.name, "package.json")))
    .map((entry) => entry.name)
    .toSorted();
  const scan = scannerOf(root);
  const packages = new Map<string, PackageFiles>(names.map((name) => [name, readPackage(root, name, scan)]));
  const faults: LayerFault[] = [];
  for (const [name, files] of packages) {
    const rule = Object.hasOwn(table.packages, name) ? table.packages[name] : undefined;
    const context = rule && { table, packages, name, rule };
    if (context === undefined)
      faults.push({
        file: `packages/${name}`,
        line: 0,
        rule: "unknown-package",
        text: "it has no line in the table",
      });
    else
      faults.push(
        ...checkManifest(context, files),
        ...files.sources.flatMap((source) => checkSource(context, source)),
      );
    faults.push(...files.tests.flatMap((source) => checkOuter({ table, packages, owner: name }, source)));
  }
  const outer = ["bench", "scripts"].flatMap((folder) => sourceFiles(root, folder, scan));
  faults.push(...outer.flatMap((source) => checkOuter({ table, packages, owner: null }, source)));
  const sources = [...packages.values()].flatMap((files) => files.sources);
  const tests = [...packages.values()].flatMap((files) => files.tests);
  const lineCounts = new Map(
    [...sources, ...tests, ...outer].map(({ file, scanned }) => [file, scanned.lineCount]),
  );
  faults.push(...checkCycles(packages), ...checkTable(table, lineCounts));
  faults.push(...checkModeReads(table, sources), ...checkFolders(table, sources));
  const outsideEngine = sources.filter(({ file }) => !file.startsWith("packages/engine/"));
  faults.push(...checkProcessCaller(table, [...outsideEngine, ...outer]));
  faults.push(...checkDocReferences({ root, table: table.documents, scan }));
  return { faults, packageCount: packages.size, fileCount: sources.length };
}

/** Returns a fault as one line: `file:line  rule  text`. */
export function faultLine({ file, line, rule, text }: LayerFault): string {
  return `${file}${line > 0 ? `:${line}` : ""}  ${rule}  ${text}`;
}

function main(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { faults, packageCount, fileCount } = checkLayers(root, LAYERS);
  for (const fault of faults) console.error(faultLine(fault));
  console.log(`layers: ${packageCount} packages, ${fileCount} source files, ${faults.length} faults`);
  if (faults.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
