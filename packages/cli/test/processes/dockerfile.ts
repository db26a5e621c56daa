/** One instruction of a Dockerfile, with its continuation lines joined. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** A stage: what it is made from, its name (or ""), and what is done in it. */
export interface Stage {
  readonly base: string;
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** Reads the few forms that ours has; throws on any other line. */
export function stagesOf(text: string): readonly Stage[] {
  const stages: { base: string; name: string; instructions: Instruction[] }[] = [];
  const lines = text.replaceAll(/\\\n/g, " ").split("\n");
  for (const line of lines.filter((one) => one.trim() !== "" && !one.startsWith("#"))) {
    const [, name = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === "FROM") {
      const [, base = "", stage = ""] = /^(\S+)(?: AS (\S+))?$/.exec(rest) ?? [];
      stages.push({ base, name: stage, instructions: [] });
    } else if (name === "" || stages.length === 0) throw new Error(`no line of a Dockerfile: ${line}`);
    else stages.at(-1)?.instructions.push({ name, text: rest });
  }
  return stages;
}

/** The last instruction of a name in a stage, in JSON form. */
export function wordsOf(stage: Stage, name: string): readonly string[] {
  const text = stage.instructions.findLast((one) => one.name === name)?.text ?? "[]";
  return JSON.parse(text.slice(text.indexOf("["))) as readonly string[];
}
