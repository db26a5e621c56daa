// Writes docs/guide/reference.md and docs/guide/commands.md from the schema of the settings, the exit codes, the sources' error codes and metrics:
// node --conditions=@smcq/source packages/cli/scripts/guide-reference.ts && oxfmt docs/guide
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configKeys } from "@smcq/config";
import { SmcqError } from "@smcq/kernel";
import { helpOf } from "../src/cli.ts";
import { exitCodeOf } from "../src/exit-codes.ts";

/** A code of an error, and what is said with it. */
export interface CodeRow {
  readonly code: string;
  readonly text: string;
}

/** Codes are words in capitals. */
const CODE = String.raw`[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*`;
/** `new SmcqError("CODE", "text …")`, the text as a string or a template. */
const THROWN = new RegExp(
  String.raw`new (?:SmcqError|ControlRefusal|DashboardRefusal)\(\s*"(${CODE})",\s*(?:"((?:[^"\\]|\\.)*)"|${"`"}((?:[^${"`"}\\]|\\.)*)${"`"})?`,
  "g",
);
/** A member of a table of codes, with the comment above it. */
const TABLED = new RegExp(String.raw`/\*\*\s*([^*]*(?:\*(?!/)[^*]*)*)\*/\s*\w+: "(${CODE})",`, "g");
/** Any code that stands in a table of codes, or is thrown. */
const MENTIONED = new RegExp(String.raw`(?:new \w+\(\s*|^\s*\w+: )"(${CODE})"`, "gm");

/** Sources of the packages by path, in order. */
export function sources(root: string): readonly (readonly [path: string, text: string])[] {
  return globSync("packages/*/src/**/*.{ts,tsx}", { cwd: root })
    .sort()
    .map((path) => [path, readFileSync(join(root, path), "utf8")]);
}

/** Every code of an error once, in order, with the first text that is said with it. */
export function errorCodes(files: ReturnType<typeof sources>): readonly CodeRow[] {
  const texts = new Map<string, string>();
  const add = (code: string, text: string): void => {
    if ((texts.get(code) ?? "") === "") texts.set(code, plain(text));
  };
  const tables = files.filter(([path]) => /\/(?:errors|[\w-]+-errors|refusal|codes)\.ts$/.test(path));
  // What a table says of its code is the better text.
  for (const [, text] of tables)
    for (const [, comment = "", code = ""] of text.matchAll(TABLED)) add(code, comment);
  for (const [, text] of files)
    for (const [, code = "", quoted, template] of text.matchAll(THROWN)) add(code, quoted ?? template ?? "");
  for (const [, text] of tables) for (const [, code = ""] of text.matchAll(MENTIONED)) add(code, "");
  return [...texts].map(([code, text]) => ({ code, text })).toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** A text of the source as a person reads it: what is filled in is three dots. */
function plain(text: string): string {
  return text
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…")
    .replaceAll(/^\s*\*\s?/gm, " ")
    .replaceAll(String.raw`\"`, '"')
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** The exit codes by number, with the comments of their table. */
export function exitCodes(text: string): readonly (readonly [number, string])[] {
  return [...text.matchAll(/(?:\/\*\* ([^*]+) \*\/\s*)?\w+: (\d+),/g)].map(
    ([, comment = "It went well.", code]) => [Number(code), comment],
  );
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

const HEAD = `# Reference

Written by \`packages/cli/scripts/guide-reference.ts\` from the schema and the sources; a test holds it to them.

`;

/** Commands that have commands of their own. */
const GROUPS: ReadonlySet<string> = new Set(["data", "model", "ledger", "alert"]);

/** Every command by its words, with what its help prints. */
export async function commandHelp(): Promise<ReadonlyMap<string, string>> {
  const help = new Map<string, string>();
  for (const name of namesIn(await helpOf([]))) {
    if (name === "completion") continue;
    help.set(name, await helpOf([name]));
    if (!GROUPS.has(name)) continue;
    for (const own of namesIn(help.get(name) ?? "", `${name} `))
      help.set(`${name} ${own}`, await helpOf([name, own]));
  }
  return help;
}

/** The commands that a help lists. */
function namesIn(help: string, group = ""): readonly string[] {
  return [...help.matchAll(new RegExp(`^ {2}smcq ${group}([a-z-]+)`, "gm"))].map(([, name = ""]) => name);
}

/** docs/guide/commands.md. */
export async function commandsText(): Promise<string> {
  const help = [...(await commandHelp())].map(
    ([name, text]) => `## smcq ${name}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`,
  );
  return `# Commands\n\nWritten by \`packages/cli/scripts/guide-reference.ts\` from the commands' own help; a test holds it to them. From a clone, \`pnpm run smcq\` stands for \`smcq\`.\n\n${help.join("\n")}`;
}

/** docs/guide/reference.md. */
export function reference(root: string): string {
  const files = sources(root);
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    [
      `| ${head.join(" | ")} |`,
      `|${" --- |".repeat(head.length)}`,
      ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
      "",
    ].join("\n");
  return [
    HEAD,
    "## Settings\n\nIn a file (`--config`), as an environment variable, or as `--set PATH=VALUE`; later ones win.\n\n",
    table(
      ["setting", "allowed", "default", "what it is", "variable"],
      configKeys().map(({ path, allowed, defaultValue, description, envName }) => [
        `\`${path}\``,
        // A pattern is no text with links.
        allowed.includes("[") ? `\`${allowed}\`` : allowed,
        `\`${JSON.stringify(defaultValue)}\``,
        description,
        `\`${envName}\``,
      ]),
    ),
    "\n## Exit codes\n\n",
    table(
      ["code", "meaning"],
      exitCodes(readFileSync(join(root, "packages/cli/src/exit-codes.ts"), "utf8")).map(([code, text]) => [
        String(code),
        text,
      ]),
    ),
    "\n## Error codes\n\nA log line or a message on the terminal names its code; `smcq` ends with the exit code beside it when the error ends a command.\n\n",
    table(
      ["code", "exit code", "what is said"],
      errorCodes(files).map(({ code, text }) => [
        `\`${code}\``,
        String(exitCodeOf(new SmcqError(code, ""))),
        text,
      ]),
    ),
  ].join("");
}

async function main(): Promise<void> {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  writeFileSync(join(root, "docs/guide/reference.md"), reference(root));
  writeFileSync(join(root, "docs/guide/commands.md"), await commandsText());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
