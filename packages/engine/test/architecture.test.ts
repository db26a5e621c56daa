import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "packages/engine/ARCHITECTURE.md"), "utf8");

interface Claim {
  readonly law: string;
  readonly file: string;
  readonly title: string;
}

/** Every `path` "title" of the table; a path without a title claims nothing that could be checked. */
function claims(): readonly Claim[] {
  return text
    .split("\n")
    .filter((line) => /^\| \d+ /u.test(line))
    .flatMap((line) => {
      const [law = "", , heldBy = ""] = line.split("|").slice(1);
      const named = [...heldBy.matchAll(/`([^`]+)`(?: "([^"]+)")?/gu)];
      return named.map(([, file = "", title = ""]) => ({ law: law.trim(), file, title }));
    });
}

/** The titles of a file's tests; a seed or another parameter in brackets at the end is left out. */
function titles(file: string): readonly string[] {
  const source = readFileSync(join(root, file), "utf8");
  const found = source.matchAll(/^\s*(?:it(?:\.\w+)*\([^"`]*?(?:\)\()?\s*|)(["`])(.+)\1,/gmu);
  return [...found].map(([, , title = ""]) => title.replace(/ \((?:seed \$\{\w+\}|--compute %s)\)$/u, ""));
}

it("every law names tests, and each of them exists by exactly that title", () => {
  const all = claims();
  expect(new Set(all.map(({ law }) => law)).size).toBeGreaterThanOrEqual(11);
  const wrong = all.filter(
    ({ file, title }) => !existsSync(join(root, file)) || !titles(file).includes(title),
  );
  expect(wrong).toEqual([]);
});
