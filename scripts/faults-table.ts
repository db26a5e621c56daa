// Writes docs/faults.md from the catalogues, the scenarios and a report of vitest:
// `vitest run --reporter=json --outputFile=REPORT.json`, then `node scripts/faults-table.ts REPORT.json`.
import { globSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Catalogues, in the order of the table. */
const CATALOGUES = ["docs/reliability.md", "docs/faults-orders.md"];
const SCENARIOS = "packages/engine/test/scenarios";
/** It names faults that have no test. */
const OWN = "packages/cli/test/faults-table.test.ts";
/** The simulated venue's own tests show that a fault of orders can be made, not that anybody answers it. */
const VENUE = "packages/binance-sim/test/sockets/trading/";
const PLAYER = "packages/cli/test/scenarios/scenarios.test.ts";

/** Files of tests that a row names. */
const FILES_MAX = 2;

/** A fault of a catalogue: what is injected. */
export interface CataloguedFault {
  readonly id: string;
  readonly injected: string;
}

/** A test whose title names a fault, or whose file does. */
export interface FaultTest {
  readonly title: string;
  readonly file: string;
  /** `unrun`: a test of the long campaigns, which no report of the suite knows. */
  readonly result: "passed" | "failed" | "unrun";
}

/** Tests that hold a fault without naming it, by title and file. */
const UNNAMED: Readonly<Record<string, readonly [title: string, file: string]>> = {
  MD22: [
    "counts a lap and goes on when more bars closed than the ring holds",
    "packages/cluster/test/scan-core.test.ts",
  ],
  NW05: [
    "refuses a certificate that it cannot verify, and never falls back to plain text",
    "packages/exchange-binance/test/sockets/binance-feed.test.ts",
  ],
  PR02: [
    "loses and doubles nothing when a scan thread dies between finding and committing",
    "packages/cluster/test/threads/coordinator.test.ts",
  ],
  CF04: [
    "is replaced after a shadow, kept when the new one is damaged, put back at once; a challenger stands beside",
    "packages/cli/test/processes/model-reload.long.ts",
  ],
  PR04: [
    "kills a process whose event loop has stopped turning",
    "packages/cluster/test/threads/supervisor.test.ts",
  ],
  PR06: [
    "refuses a second engine on its folder; killed with -9 it leaves no orphan and nothing in the way",
    "packages/cli/test/processes/engine-crashes.test.ts",
  ],
  PR08: [
    "never let a torn copy through, while torn copies are seen and refused by the thousand",
    "packages/wire/test/threads/ring-torture.test.ts",
  ],
  CF02: [
    "checks the rules between settings, on top of range faults elsewhere",
    "packages/config/test/load.test.ts",
  ],
  OP03: [
    "refuse a file of a newer engine, for writing and for reading, and leave it as it is",
    "packages/ledger/test/migrations.test.ts",
  ],
  PR05: [
    "leaves them to their stops, tells each, and ends with code 0",
    "packages/cli/test/processes/engine-exit.long.ts",
  ],
  CF01: [
    "reports all faults at once, each with path, source, value and allowed range",
    "packages/config/test/load.test.ts",
  ],
  MO01: [
    "has codes of their own for no file, a half-written text and too many leaves, which ONNX Runtime takes",
    "packages/scoring/test/threads/load-model.test.ts",
  ],
  MO03: [
    "puts a model through the gate and into the memory, where its golden rows score as they should",
    "packages/scoring/test/threads/load-model.test.ts",
  ],
  MO04: [
    "stops at one row that is no number and at one score that is no probability, until they leave the window",
    "packages/model-life/test/model-health.test.ts",
  ],
  MO06: [
    "only observes from the minute on in which the model expires",
    "packages/cli/test/run-models.test.ts",
  ],
  MO07: [
    "is replaced after a shadow, kept when the new one is damaged, put back at once; a challenger stands beside",
    "packages/cli/test/processes/model-reload.long.ts",
  ],
  MO05: ["judges PSI from 500 rows on", "packages/model-life/test/model-health.test.ts"],
};

/** What of a fault is played in virtual time, and not on the whole process. */
const IN_VIRTUAL_TIME: Readonly<Record<string, string>> = {
  EX29: "the list of ghosts over a restart",
  AC16: "the same fill at a second restart",
  PR10: "a stop that fires, the next entry and a kill",
  PR15: "a restart at a bar's number",
};

/** Faults of orders, positions and account: each has a test of its own, unless it waits for wire or recovery. */
export function isOfOrders(id: string): boolean {
  return (
    /^(?:EX|AC|CL)\d\d$/.test(id) || /^PR(?:09|1[0-7])$/.test(id) || /^NW(?:06|07|08|09|10|11)$/.test(id)
  );
}

/** Rows `| id | injected | right |` of the catalogues. */
export function catalogueOf(root: string): readonly CataloguedFault[] {
  return CATALOGUES.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/^\| ([A-Z]{2}\d\d) +\| ([^|]+?) +\|/gm)].map(
      ([, id = "", injected = ""]) => ({ id, injected }),
    ),
  );
}

/** Titles of the scenarios as their player names them, by fault. */
export function scenarioTitles(root: string): ReadonlyMap<string, readonly string[]> {
  const titles = new Map<string, string[]>();
  for (const name of readdirSync(join(root, SCENARIOS)).sort()) {
    if (!name.endsWith(".json")) continue;
    const { faults, title } = JSON.parse(readFileSync(join(root, SCENARIOS, name), "utf8")) as {
      readonly faults: readonly string[];
      readonly title: string;
    };
    for (const id of faults) titles.set(id, [...(titles.get(id) ?? []), `${faults.join(", ")} ${title}`]);
  }
  return titles;
}

/** A report of vitest, as far as it is read here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly fullName: string;
      readonly status: string;
    }[];
  }[];
}

/** The tests of each fault: those whose titles name it; else the files that do. */
export function testsOf(root: string, report: Report): ReadonlyMap<string, readonly FaultTest[]> {
  const titled = new Map<string, FaultTest[]>();
  const filed = new Map<string, FaultTest[]>();
  // The suite's order is another one each time: the longest files are run first.
  const reported = report.testResults.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, assertionResults } of reported) {
    const file = relative(root, name);
    if (file === OWN || file.startsWith(VENUE)) continue;
    for (const { title, fullName, status } of assertionResults)
      for (const id of idsIn(fullName))
        add(titled, id, { title, file, result: resultOf(status === "passed") });
    const isPassed = assertionResults.every(({ status }) => status !== "failed");
    for (const id of idsIn(readFileSync(name, "utf8")))
      add(filed, id, { title: "", file, result: resultOf(isPassed) });
  }
  for (const [id, [title, file]] of Object.entries(UNNAMED)) {
    const own = report.testResults.find(({ name }) => relative(root, name) === file);
    const status = own?.assertionResults.find((one) => one.title === title)?.status;
    const result = file.endsWith(".long.ts") ? "unrun" : resultOf(status === "passed");
    if (!filed.has(id)) add(filed, id, { title, file, result });
  }
  const long = longTestsOf(root);
  const ids = new Set([...titled.keys(), ...filed.keys(), ...long.keys()]);
  return new Map([...ids].map((id) => [id, titled.get(id) ?? long.get(id) ?? filed.get(id) ?? []]));
}

function resultOf(isPassed: boolean): FaultTest["result"] {
  return isPassed ? "passed" : "failed";
}

/** Tests of the long campaigns whose titles name faults. */
function longTestsOf(root: string): ReadonlyMap<string, readonly FaultTest[]> {
  const long = new Map<string, FaultTest[]>();
  for (const file of globSync("packages/*/test/**/*.long.ts", { cwd: root }).sort())
    for (const [, , title = ""] of readFileSync(join(root, file), "utf8").matchAll(/\bit\((["`])([^"`]+)\1/g))
      for (const id of idsIn(title)) add(long, id, { title, file, result: "unrun" });
  return long;
}

/** Codes of faults in a text; `MD01-MD09` and `EX01 to EX28` are two. */
export function idsIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/\b(?:MD|NW|EX|AC|PR|DK|CL|CF|MO|OP)\d\d\b/g) ?? []);
}

/** One row of the table: scenarios by their titles, other tests by file with the first of their titles. */
function rowOf({ id, injected }: CataloguedFault, tests: readonly FaultTest[]): string {
  const played = tests.filter(({ file }) => file === PLAYER).map(({ title }) => cell(title));
  const files = new Map<string, string[]>();
  for (const { file, title } of tests) if (file !== PLAYER) add(files, file, cell(title));
  const others = [...files].map(([file, titles]) => {
    const [title = ""] = titles;
    const more = titles.length > 1 ? ` (and ${titles.length - 1} more)` : "";
    return `${title === "" ? "" : `${title}${more} — `}\`${file}\``;
  });
  const left = others.length > FILES_MAX ? [`and ${others.length - FILES_MAX} more files`] : [];
  const cells = [...played, ...others.slice(0, FILES_MAX), ...left];
  return `| ${id} | ${cell(injected)} | ${cells.join("<br>") || "—"} | ${[resultsOf(tests), ...notes(id)].join("; ")} |`;
}

function resultsOf(tests: readonly FaultTest[]): string {
  const failed = tests.filter(({ result }) => result === "failed").length;
  if (tests.length === 0) return "no test";
  if (failed > 0) return `${failed} FAILED`;
  return tests.every(({ result }) => result === "unrun") ? "in the long campaigns" : "passed";
}

function notes(id: string): readonly string[] {
  const virtual = IN_VIRTUAL_TIME[id];
  return virtual === undefined ? [] : [`not on the whole process: ${virtual}`];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

const HEAD = `# Faults and their tests

Written by \`scripts/faults-table.ts\` from the catalogues ([reliability.md](reliability.md) 4.5, [faults-orders.md](faults-orders.md)) and a report of
the whole suite (\`pnpm run faults\`); a test holds it to the tree. A fault of orders has a scenario in
\`packages/engine/test/scenarios/\`: market, deeds, faults and expectations in one file, played by the real loop, core, gateway and venue in
virtual time; its title stands here without a file. Other tests stand with their file; where no title names the fault, the file does. Faults that the long campaigns alone play (\`pnpm run test:long\`) say so. "On the wire" is the same core behind the adapter, over real sockets, against the simulated venue. "Not on the whole process": what is played in virtual time alone.

| id | injected | tests | result |
| --- | --- | --- | --- |
`;

/** The whole document. */
export function faultsTable(root: string, report: Report): string {
  const tests = testsOf(root, report);
  return `${HEAD}${catalogueOf(root)
    .map((fault) => rowOf(fault, tests.get(fault.id) ?? []))
    .join("\n")}\n`;
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  lists.set(key, [...(lists.get(key) ?? []), item]);
}

function main(): void {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const [file = ""] = process.argv.slice(2);
  const report = JSON.parse(readFileSync(file, "utf8")) as Report;
  writeFileSync(join(root, "docs/faults.md"), faultsTable(root, report));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
