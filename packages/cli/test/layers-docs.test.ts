import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { slugOf } from "../../../scripts/markdown.ts";
import { SoundWorkspace, put } from "./support/sound-workspace.ts";

const SMC = "packages/smc/src/index.ts";

/** Texts and scripts that refer to one another in every way that is allowed. */
const TEXTS: Readonly<Record<string, string>> = {
  "docs/smc.md": `# Patterns

## 0. Ground
### 2.2 How the \`x:true\` arrives (really)
## 6. Blocks & breakers
## Twice
## Twice
<a id="by-hand"></a>

See smc.md 2.2, [ground](#0-ground), [blocks](#6-blocks--breakers), [again](#twice-1), [here](#by-hand),
[arrives](#22-how-the-xtrue-arrives-really) and reliability.md section 4. U4 is a word of its own here,
and docs/TIGER_STYLE.md one of others.

\`\`\`md
[nowhere](nowhere.md) and \`docs/nowhere.md\`
\`\`\`
`,
  "docs/decisions.md": "# Decisions\n\n**16.** One.\n\n**17.** Two.\n\n21. Three.\n",
  "docs/reliability.md": "# Faults\n\n## 4. Catalogue\n\n| id | fault |\n| --- | --- |\n| MD04 | none |\n",
  "docs/faults-orders.md": "# More faults\n\n- EX29 gone\n- **PR09** torn\n",
  "docs/mission.md": "# Mission\n\n| # | it |\n| --- | --- |\n| U4 | list |\n\n### B1 Start\n\n- G1b fast\n",
  "docs/adr/0001-first.md": "# First\n\nSee smc.md section 6 and [up](../smc.md#6-blocks--breakers).\n",
  "README.md": `# Root
[docs](docs/), ![a](docs/smc.md "title"), [smc][the-text], [web](https://a.example/no.md), <a href="docs/smc.md">b</a>
and \`packages/smc/src/index.ts:3\`, \`scripts/\`, \`docs/smc.md#0-ground\`, \`packages/cli/dist/main.js\`,
\`[x](no.md)\`, MD04 and \`--faults MD99\`, M1 and S2. <!-- [x](no.md) -->

| goals | [mission](docs/mission.md) |
| ----- | -------------------------- |
| fast  | G1b, U4                    |

[the-text]: docs/smc.md
`,
  "packages/smc/README.md":
    "# smc\n`src/index.ts`, `test/x.test.ts`, [rules](../../docs/smc.md), docs/smc.md section 6\n",
  "scripts/train/train.py":
    '"""A docstring of docs/smc.md section 6."""\nA = "# smc.md U4"  # docs/mission.md U4\n',
  "scripts/train/train.sh":
    "#!/bin/sh\n# docs/decisions.md 16, 17, 21\necho \"${a#smc.md}\" 'b # smc.md' $#\n",
  [SMC]: `import type { bar } from "@smcq/kernel";
/** docs/smc.md, docs/smc.md section 6, docs/smc.md 2.2 and docs/decisions.md 16, 17, 21: what holds. */
/**
 * The rule of \`docs/smc.md\`
 * sections 0 and 6 (docs/mission.md U4, B1), MD04, EX29 and PR09 on M1 and M5 by S1..S3 after 5 bars of x86.
 */
// https://a.example/x.md is of others, and docs/reliability.md MD04
// is ours; docs/reliability.md 4.
export const name = "smc.md U4";
`,
};

let workspace: SoundWorkspace;

beforeAll(() => {
  workspace = new SoundWorkspace();
  for (const [file, text] of Object.entries(TEXTS)) put(workspace.root, file, text);
});

afterAll(() => {
  workspace.close();
});

function lineBehind(file: string): number {
  return readFileSync(join(workspace.root, file), "utf8").split("\n").length;
}

describe("references to documents", () => {
  it("may take every form that leads somewhere", () => {
    expect(workspace.planted(() => {})).toEqual([]);
  });

  it.each([
    ["a text by its name alone", "// smc.md says so"],
    ["a section by a text's name alone", "/** The blocks (smc.md section 6). */"],
    ["a text that is not there", "// docs/nowhere.md"],
    ["a text from where the source stands", "// ../../../docs/smc.md"],
    ["a section that is not there", "// docs/smc.md section 7"],
    ["a number that is not there", "// docs/smc.md 2.3"],
    ["an entry as a section", "// docs/decisions.md section 16"],
    ["an entry that is not there", "// docs/decisions.md 18"],
    ["an entry that is not there, in a list", "// docs/decisions.md 16, 17, 22"],
    ["the end of a range that is not there", "// docs/smc.md sections 0-9"],
    ["a code that the document does not define", "// docs/reliability.md MD05"],
    ["a code of another document", "// docs/reliability.md U4"],
    ["a fault that nothing defines", "/* MD05 */"],
    ["a requirement without its document", "// the listing (U4)"],
    ["a requirement before its document", "// U4 of docs/mission.md"],
    ["a goal without its document", "// G1b"],
  ])("are refused in a comment: %s", (_name, text) => {
    const files = [SMC, "packages/smc/test/x.test.ts", "bench/main.ts"];
    for (const file of files)
      expect(workspace.plantedLine(file, text)).toEqual([`${file}:${lineBehind(file)} doc-reference`]);
  });

  it("are judged in the line in which they begin", () => {
    const text =
      "/**\n * The blocks of docs/smc.md\n * section 6, and those\n * of docs/smc.md section\n * 7 too.\n */";
    expect(workspace.plantedLine(SMC, text)).toEqual([`${SMC}:${lineBehind(SMC) + 3} doc-reference`]);
  });

  it.each([
    ["scripts/train/train.py", "# smc.md"],
    ["scripts/train/train.py", 'def f():\n    """The rule (U4)."""'],
    ["scripts/train/train.sh", "run # docs/decisions.md 18"],
  ])("are refused in %s: %s", (file, text) => {
    expect(workspace.plantedLine(file, text).join(" ")).toMatch(new RegExp(`^${file}:\\d+ doc-reference$`));
  });

  it.each([
    ["a link to nowhere", "[a](docs/nowhere.md)"],
    ["a picture that is not there", "![a](docs/a.png)"],
    ["a link of HTML", '<a href="docs/nowhere.md">a</a>'],
    ["a heading that is not there", "[a](docs/smc.md#7-nothing)"],
    ["a third heading of two", "[a](docs/smc.md#twice-2)"],
    ["a heading of its own that is not there", "[a](#nothing)"],
    ["a heading that only a fence holds", "```md\n## Fenced\n```\n\n[a](#fenced)"],
    ["a way out of the repository", "[a](../smc.md)"],
    ["a definition that leads nowhere", "[a][b]\n\n[b]: docs/nowhere.md"],
    ["a name that nothing defines", "[a][nothing]"],
    ["a path in backticks", "`packages/smc/src/nowhere.ts`"],
    ["a document in backticks", "`docs/nowhere.md`"],
    ["a document by its name alone", "see smc.md"],
    ["a section behind a link", "[a](docs/smc.md) section 7"],
    ["a section behind a name", "docs/smc.md section 7"],
    ["a fault that nothing defines", "MD05 of the venue"],
    ["a requirement whose document is not near", "the listing of U4"],
  ])("are refused in a README: %s", (_name, text) => {
    const faults = workspace.plantedLine("README.md", `\n${text}`);
    expect(faults.map((fault) => fault.replace(/:\d+/, ""))).toEqual(["README.md doc-reference"]);
    expect(Number(faults[0]?.split(/[: ]/)[1])).toBeGreaterThanOrEqual(lineBehind("README.md"));
  });

  it("are refused once their goal has gone", () => {
    const faults = workspace.planted((root) => put(root, "docs/smc.md", "# Patterns\n"));
    expect(new Set(faults.map((fault) => fault.replace(/:\d+/, "")))).toEqual(
      new Set([
        "docs/adr/0001-first.md doc-reference",
        "packages/smc/README.md doc-reference",
        `${SMC} doc-reference`,
        "scripts/train/train.py doc-reference",
      ]),
    );
  });
});

describe("the anchor of a heading", () => {
  it.each([
    ["4. Goals (S = 600 unless said; paired)", "4-goals-s--600-unless-said-paired"],
    ["The `x:true` of [Binance](https://a.example) *really*", "the-xtrue-of-binance-really"],
    ["snake_case and _stress_, 80 % — Ü", "snake_case-and-stress-80---ü"],
  ])("is GitHub's: %s", (heading, slug) => {
    expect(slugOf(heading)).toBe(slug);
  });
});
