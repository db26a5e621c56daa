import { SCOPE, linesMaxOf, targetOf } from "./layer-rules.ts";
import type { LayerFault, PackageFiles, RuleContext, SourceFile } from "./layer-rules.ts";
import type { LayersTable } from "./layers.ts";

function importedNames(sources: readonly SourceFile[]): Set<string> {
  const names = new Set<string>();
  for (const { file, scanned } of sources)
    for (const { specifier } of scanned.imports) {
      const target = targetOf(specifier, file);
      if (target.type === "own") names.add(SCOPE + target.name);
      else if (target.type === "npm") names.add(target.name);
    }
  return names;
}

/** Returns where package.json and tsconfig.json differ from the table and from what the sources import. */
export function checkManifest(context: RuleContext, files: PackageFiles): LayerFault[] {
  const faults: LayerFault[] = [];
  const { name, rule } = context;
  const file = `packages/${name}/package.json`;
  const report = (ruleName: string, text: string, where = file): void => {
    faults.push({ file: where, line: 0, rule: ruleName, text });
  };
  if (files.manifest.name !== SCOPE + name) report("manifest-name", `its name is ${SCOPE}${name}`);
  const dependencies = Object.entries(files.manifest.dependencies ?? {});
  const imported = importedNames(files.sources);
  const allowed = new Set([...rule.mayImport.map((other) => SCOPE + other), ...rule.thirdParty]);
  for (const [dependency, version] of dependencies) {
    if (!allowed.has(dependency))
      report("dependency-outside-table", `${dependency}: the table does not allow it`);
    if (!imported.has(dependency)) report("unused-dependency", `${dependency}: no source imports it`);
    if (dependency.startsWith(SCOPE) && version !== "workspace:*")
      report("dependency-version", `${dependency}: "${version}" must be "workspace:*"`);
    if (!dependency.startsWith(SCOPE) && !/^\d/.test(version))
      report("dependency-version", `${dependency}: "${version}" must be one exact version`);
  }
  const declared = new Set(dependencies.map(([dependency]) => dependency));
  for (const dependency of imported)
    if (!declared.has(dependency))
      report("undeclared-dependency", `${dependency}: imported, but not in dependencies`);
  for (const kind of ["optionalDependencies", "peerDependencies"] as const)
    if (files.manifest[kind] !== undefined) report("dependency-kind", `${kind}: not used in this workspace`);

  const wanted = [...declared]
    .filter((dependency) => dependency.startsWith(SCOPE))
    .map((dependency) => `../${dependency.slice(SCOPE.length)}`);
  const tsconfig = `packages/${name}/tsconfig.json`;
  for (const path of wanted)
    if (!files.references.includes(path)) report("references", `${path} is missing (a dependency)`, tsconfig);
  for (const path of files.references)
    if (!wanted.includes(path)) report("references", `${path} is no dependency`, tsconfig);
  return faults;
}

/** Returns every loop in a graph, each once, as the way round. */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    if (done.has(node)) return;
    const at = path.indexOf(node);
    if (at >= 0) {
      cycles.push([...path.slice(at), node]);
      return;
    }
    path.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return cycles;
}

/** Returns import loops among files (type-only imports count too) and among packages. */
export function checkCycles(packages: ReadonlyMap<string, PackageFiles>): LayerFault[] {
  const files = new Map<string, string[]>();
  const between = new Map<string, string[]>();
  for (const [name, { sources, manifest }] of packages) {
    const names = Object.keys(manifest.dependencies ?? {}).filter((dependency) =>
      dependency.startsWith(SCOPE),
    );
    between.set(
      name,
      names.map((dependency) => dependency.slice(SCOPE.length)),
    );
    for (const { file, scanned } of sources) {
      const targets = scanned.imports.map(({ specifier }) => targetOf(specifier, file));
      files.set(
        file,
        targets.flatMap((target) => (target.type === "relative" ? [target.file] : [])),
      );
    }
  }
  return [
    ...findCycles(files).map((cycle) => ({
      file: cycle[0] ?? "",
      line: 0,
      rule: "file-cycle",
      text: cycle.join(" -> "),
    })),
    ...findCycles(between).map((cycle) => ({
      file: `packages/${cycle[0]}/package.json`,
      line: 0,
      rule: "package-cycle",
      text: cycle.join(" -> "),
    })),
  ];
}

/** Returns where the table contradicts itself or names what is not there. */
export function checkTable(table: LayersTable, lineCounts: ReadonlyMap<string, number>): LayerFault[] {
  const faults: LayerFault[] = [];
  const report = (text: string): void => {
    faults.push({ file: "scripts/layers.ts", line: 0, rule: "table", text });
  };
  for (const [name, { layer, floor, mayImport }] of Object.entries(table.packages))
    for (const other of mayImport) {
      const target = table.packages[other];
      if (target === undefined) report(`${name} may import ${other}, which has no line`);
      else if (target.floor >= floor)
        report(`${name} (floor ${floor}) may not import ${other} (floor ${target.floor})`);
      else if (
        !table.arrows[layer].includes(target.layer) &&
        !Object.hasOwn(table.arrowExceptions, `${name} -> ${other}`)
      )
        report(`${layer} ${name} may not import ${target.layer} ${other}`);
    }
  for (const file of Object.keys(table.longFiles))
    if ((lineCounts.get(file) ?? 0) <= linesMaxOf(table, file))
      report(`longFiles names ${file}, which is not a long file`);
  for (const file of Object.keys(table.threadFiles))
    if (!lineCounts.has(file)) report(`threadFiles names ${file}, which is not there`);
  return faults;
}
