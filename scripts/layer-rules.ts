import { builtinModules } from "node:module";
import { dirname, posix } from "node:path";
import type { LayersTable, PackageRule } from "./layers.ts";
import { endsValue } from "./scan-source.ts";
import type { ScannedSource, SourceImport, Token } from "./scan-source.ts";

/** One thing that is not as the table says. */
export interface LayerFault {
  /** Path from the root, with `/`. */
  readonly file: string;
  /** 1-based; 0 when the fault is the whole file's. */
  readonly line: number;
  readonly rule: string;
  readonly text: string;
}

/** A package as found on disk. */
export interface PackageFiles {
  /** Folder name, e.g. `exchange-binance`. */
  readonly name: string;
  readonly manifest: Manifest;
  readonly references: readonly string[];
  readonly sources: readonly SourceFile[];
  readonly tests: readonly SourceFile[];
}

export interface Manifest {
  readonly name?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface SourceFile {
  /** Path from the root, with `/`. */
  readonly file: string;
  readonly scanned: ScannedSource;
}

export const SCOPE = "@smcq/";

const BUILTINS = new Set(builtinModules);

/** What a module specifier points at. */
export type Target =
  | { readonly type: "relative"; readonly file: string }
  | { readonly type: "own"; readonly name: string; readonly subpath: string }
  | { readonly type: "builtin"; readonly name: string; readonly hasPrefix: boolean }
  | { readonly type: "npm"; readonly name: string };

/** Returns what `specifier` in `file` points at; relative ones as a path from the root. */
export function targetOf(specifier: string, file: string): Target {
  if (specifier.startsWith(".") || specifier.startsWith("/") || specifier.startsWith("file:"))
    return {
      type: "relative",
      file: posix.normalize(posix.join(dirname(file), specifier.replace(/[?#].*$/, ""))),
    };
  const parts = specifier.split("/");
  if (specifier.startsWith(SCOPE))
    return { type: "own", name: parts[1] ?? "", subpath: parts.slice(2).join("/") };
  const bare = specifier.replace(/^node:/, "");
  if (specifier !== bare || BUILTINS.has(bare))
    return { type: "builtin", name: bare, hasPrefix: specifier !== bare };
  return { type: "npm", name: specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "") };
}

/** Everything that the rules need to know about one package. */
export interface RuleContext {
  readonly table: LayersTable;
  readonly packages: ReadonlyMap<string, PackageFiles>;
  readonly name: string;
  readonly rule: PackageRule;
}

type Report = (line: number, rule: string, text: string) => void;

function reporter(file: string, faults: LayerFault[]): Report {
  return (line, rule, text) => faults.push({ file, line, rule, text });
}

function ownImport(
  context: RuleContext,
  found: SourceImport & { name: string; subpath: string },
  report: Report,
): void {
  const { name, rule, table, packages } = context;
  const { line, specifier } = found;
  if (found.name === name)
    return report(line, "self-import", `${specifier}: import files of the own package by path`);
  if (!rule.mayImport.includes(found.name)) {
    const allowed = rule.mayImport.length === 0 ? "no package" : rule.mayImport.join(", ");
    return report(
      line,
      "forbidden-import",
      `${specifier}: ${rule.layer} package ${name} may import ${allowed}`,
    );
  }
  subpathImport(packages, found, report);
  const importers = table.subpathImporters[specifier];
  if (importers !== undefined && !importers.includes(name))
    report(line, "forbidden-subpath", `${specifier}: for ${importers.join(", ") || "tests"} only`);
}

function subpathImport(
  packages: ReadonlyMap<string, PackageFiles>,
  found: SourceImport & { name: string; subpath: string },
  report: Report,
): void {
  const target = packages.get(found.name);
  const key = found.subpath === "" ? "." : `./${found.subpath}`;
  if (target === undefined)
    report(found.line, "unknown-package", `${found.specifier}: there is no such package`);
  else if (!Object.hasOwn(target.manifest.exports ?? {}, key))
    report(found.line, "deep-import", `${found.specifier}: not among the exports of ${SCOPE}${found.name}`);
}

function builtinImport(
  context: RuleContext,
  file: string,
  found: SourceImport & { name: string; hasPrefix: boolean },
  report: Report,
): void {
  const { table, name, rule } = context;
  if (!found.hasPrefix) report(found.line, "bare-builtin", `${found.specifier}: write node:${found.name}`);
  if (table.nodeFreeLayers.includes(rule.layer))
    report(
      found.line,
      "node-in-pure",
      `${found.specifier}: ${rule.layer} package ${name} imports no node: module`,
    );
  const mayThread =
    table.threadOwners.includes(name) ||
    file.endsWith(".worker.ts") ||
    Object.hasOwn(table.threadFiles, file);
  if (found.name === "worker_threads" && !mayThread)
    report(
      found.line,
      "threads",
      `${found.specifier}: only ${table.threadOwners.join(", ")} and *.worker.ts touch threads`,
    );
}

function relativeImport(
  packageName: string,
  found: SourceImport & { file: string },
  part: "src" | "",
  report: Report,
): void {
  const home = `packages/${packageName}/${part === "" ? "" : `${part}/`}`;
  if (!found.file.startsWith(home) && (part === "src" || found.file.startsWith("packages/")))
    report(found.line, "foreign-path", `${found.specifier}: leaves ${home}, import packages by name`);
  if (!/\.(?:ts|json)$/.test(found.file))
    report(found.line, "extension", `${found.specifier}: relative imports end in .ts`);
}

function checkImports(context: RuleContext, source: SourceFile, report: Report): void {
  for (const found of source.scanned.imports) {
    const target = targetOf(found.specifier, source.file);
    if (target.type === "own") ownImport(context, { ...found, ...target }, report);
    else if (target.type === "builtin") builtinImport(context, source.file, { ...found, ...target }, report);
    else if (target.type === "relative")
      relativeImport(context.name, { ...found, file: target.file }, "src", report);
    else if (!context.rule.thirdParty.includes(target.name))
      report(
        found.line,
        "third-party",
        `${found.specifier}: the table allows ${context.name} ${context.rule.thirdParty.join(", ") || "none"}`,
      );
  }
  for (const line of source.scanned.computedImportLines)
    report(line, "computed-import", "the module of import() and require() is a plain text");
}

const SHARED_MEMORY_NAMES = new Set(["SharedArrayBuffer", "Atomics"]);
const BEFORE_TYPE = new Set([":", "|", "&", "<", "as", "is"]);

// Naming the type of a buffer that is handed on touches no memory; everything else with these names does.
function isTypeOnly(before: Token | undefined, after: Token | undefined): boolean {
  return (
    before !== undefined && BEFORE_TYPE.has(before.value) && after?.value !== "(" && after?.value !== "."
  );
}

function checkSharedMemory(context: RuleContext, tokens: readonly Token[], report: Report): void {
  if (context.table.sharedMemoryOwners.includes(context.name)) return;
  for (const [at, token] of tokens.entries()) {
    if (!SHARED_MEMORY_NAMES.has(token.value) || (token.type !== "name" && token.type !== "text")) continue;
    if (token.value === "SharedArrayBuffer" && isTypeOnly(tokens[at - 1], tokens[at + 1])) continue;
    report(
      token.line,
      "shared-memory",
      `${token.value}: only ${context.table.sharedMemoryOwners.join(", ")} touches it`,
    );
  }
}

const AFTER_NON_NULL = new Set(["as", "satisfies", "in", "instanceof", "of"]);

// `!` behind a value in the same line, and not `!=`: a non-null assertion, or a definite one (`x!: T`).
function checkNonNull(tokens: readonly Token[], report: Report): void {
  for (const [at, token] of tokens.entries()) {
    if (token.type !== "mark" || token.value !== "!" || token.isAfterBreak) continue;
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    // `if (a) !b` is the one place where `!` behind `)` negates; `a()! as T` is not it.
    const opensCondition =
      before?.value === ")" &&
      after?.type === "name" &&
      !after.isAfterBreak &&
      !AFTER_NON_NULL.has(after.value);
    if (before?.value === "}" || opensCondition || !endsValue(before) || after?.value === "=") continue;
    report(token.line, "non-null", "`!` hides a missing value: check it, or use present() of kernel");
  }
}

const UNFINISHED = /\b(?:TODO|FIXME|XXX|HACK)\b/;

function checkComments(comments: readonly Token[], report: Report): void {
  for (const comment of comments)
    for (const [offset, text] of comment.value.split("\n").entries())
      if (UNFINISHED.test(text) && !/#\d+/.test(text))
        report(comment.line + offset, "todo", `without an issue number: ${text.trim().slice(0, 60)}`);
}

/** Returns how many lines a file may have: tests are lists of cases and may be longer. */
export function linesMaxOf(table: LayersTable, file: string): number {
  return /^packages\/[^/]+\/test\//.test(file) ? table.testLinesMax : table.linesMax;
}

function checkLength(table: LayersTable, { file, scanned }: SourceFile, report: Report): void {
  const linesMax = linesMaxOf(table, file);
  if (scanned.lineCount > linesMax && !Object.hasOwn(table.longFiles, file))
    report(
      0,
      "long-file",
      `${scanned.lineCount} lines, at most ${linesMax} (or a reason in scripts/layers.ts)`,
    );
}

/** Returns what is wrong in one file of a package's `src`. */
export function checkSource(context: RuleContext, source: SourceFile): LayerFault[] {
  const faults: LayerFault[] = [];
  const report = reporter(source.file, faults);
  checkImports(context, source, report);
  checkSharedMemory(context, source.scanned.tokens, report);
  checkNonNull(source.scanned.tokens, report);
  checkComments(source.scanned.comments, report);
  checkLength(context.table, source, report);
  return faults;
}

/** A test may use what drives another package's tests, where the table says so. */
function isSharedTest({ sharedTestFolders }: LayersTable, file: string, target: string): boolean {
  return (
    /^(packages\/[^/]+\/test|bench)\//.test(file) &&
    sharedTestFolders.some((folder) => target.startsWith(folder))
  );
}

/** What the rules need to know about a file outside every `src`. */
export interface OuterContext {
  readonly table: LayersTable;
  readonly packages: ReadonlyMap<string, PackageFiles>;
  /** The package whose test or script it is; null under `bench` and `scripts`. */
  readonly owner: string | null;
}

/** Returns what is wrong in a test, bench or script: any package may be imported, but by name and through its exports. */
export function checkOuter({ table, packages, owner }: OuterContext, source: SourceFile): LayerFault[] {
  const faults: LayerFault[] = [];
  const report = reporter(source.file, faults);
  for (const found of source.scanned.imports) {
    const target = targetOf(found.specifier, source.file);
    if (target.type === "own") subpathImport(packages, { ...found, ...target }, report);
    else if (target.type === "relative" && isSharedTest(table, source.file, target.file)) continue;
    else if (target.type === "relative" && owner !== null)
      relativeImport(owner, { ...found, file: target.file }, "", report);
    else if (target.type === "relative" && target.file.startsWith("packages/"))
      report(found.line, "foreign-path", `${found.specifier}: import packages by name`);
  }
  checkComments(source.scanned.comments, report);
  checkLength(table, source, report);
  return faults;
}
