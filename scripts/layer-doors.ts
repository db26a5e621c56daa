import type { LayerFault, SourceFile } from "./layer-rules.ts";
import type { LayersTable } from "./layers.ts";
import { memberAccesses, memberCalls, memberPatterns } from "./member-reads.ts";

function modeReads({ scanned: { tokens } }: SourceFile): number[] {
  return [...memberAccesses(tokens, "mode"), ...memberPatterns(tokens, "mode")]
    .map((at) => tokens[at]?.line ?? 0)
    .toSorted((left, right) => left - right);
}

/** Returns where the engine's mode is read outside the folders that may, and reasons in the table that nobody needs. */
export function checkModeReads(table: LayersTable, sources: readonly SourceFile[]): LayerFault[] {
  const needed = new Set<string>();
  const faults: LayerFault[] = [];
  for (const source of sources) {
    if (table.modeFolders.some((folder) => source.file.startsWith(folder))) continue;
    const lines = modeReads(source);
    if (lines.length > 0) needed.add(source.file);
    if (Object.hasOwn(table.modeReaders, source.file)) continue;
    for (const line of lines)
      faults.push({
        file: source.file,
        line,
        rule: "mode-read",
        text: `only ${table.modeFolders.join(", ")} read a mode (or a reason in scripts/layers.ts)`,
      });
  }
  for (const file of Object.keys(table.modeReaders))
    if (!needed.has(file))
      faults.push({
        file: "scripts/layers.ts",
        line: 0,
        rule: "table",
        text: `modeReaders names ${file}, which reads no mode`,
      });
  return faults;
}

/** Returns each call of `process` outside the one that the table names; `sources` leave out the engine's own. */
export function checkProcessCaller(
  { processCaller }: LayersTable,
  sources: readonly SourceFile[],
): LayerFault[] {
  const rule = "process-caller";
  const faults: LayerFault[] = [];
  let callCount = 0;
  for (const { file, scanned } of sources)
    for (const at of memberCalls(scanned.tokens, "process")) {
      const line = scanned.tokens[at]?.line ?? 0;
      if (file !== processCaller)
        faults.push({ file, line, rule, text: `only ${processCaller} calls Engine.process` });
      else if (++callCount > 1)
        faults.push({ file, line, rule, text: "a second call: one place feeds the engine" });
    }
  if (callCount === 0)
    faults.push({ file: processCaller, line: 0, rule, text: "nothing here calls Engine.process" });
  return faults;
}

/** Returns the folders with too many sources side by side. */
export function checkFolders({ folderFilesMax }: LayersTable, sources: readonly SourceFile[]): LayerFault[] {
  const counts = new Map<string, number>();
  for (const { file } of sources) {
    const folder = file.slice(0, file.lastIndexOf("/"));
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > folderFilesMax)
    .map(([file, count]) => ({
      file,
      line: 0,
      rule: "crowded-folder",
      text: `${count} files side by side, at most ${folderFilesMax}`,
    }));
}
