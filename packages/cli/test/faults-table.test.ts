import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import {
  catalogueOf,
  faultsTable,
  idsIn,
  isOfOrders,
  scenarioTitles,
} from "../../../scripts/faults-table.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Each row's id, tests and result. */
const ROWS = readFileSync(join(ROOT, "docs/faults.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| [A-Z]{2}\d\d /.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((part) => part.trim()))
  .map(([, id = "", , tests = "", result = ""]) => ({ id, tests: tests.split("<br>"), result }));

const WEATHERS = readFileSync(join(ROOT, "packages/cli/test/wire/weathers.ts"), "utf8");

it("the table of faults has each fault of the catalogues once", () => {
  expect(ROWS.map(({ id }) => id)).toEqual(catalogueOf(ROOT).map(({ id }) => id));
  expect(ROWS.length).toBeGreaterThan(130);
});

it("every fault of orders has a test of its own", () => {
  expect(ROWS.filter(({ id, result }) => isOfOrders(id) && result.startsWith("no test"))).toEqual([]);
  expect(ROWS.filter(({ result }) => result.includes("FAILED"))).toEqual([]);
});

it("every scenario stands in the table by its title, and every test of the table in the tree", () => {
  const titles = scenarioTitles(ROOT);
  for (const [id, own] of titles) {
    const row = ROWS.find((one) => one.id === id);
    for (const title of own) expect(row?.tests).toContain(title);
  }
  const played = new Set([...titles.values()].flat());
  for (const { id, tests } of ROWS)
    for (const test of tests.filter((one) => one !== "—" && !/^and \d+ more files$/.test(one))) {
      const [, title = "", file = null] = /^(?:(.*) — )?`([^`]+)`$/.exec(test) ?? [];
      const own =
        file === null || !existsSync(join(ROOT, file)) ? "" : readFileSync(join(ROOT, file), "utf8");
      // Tables of cases may lie beside a test.
      const text = own.includes("/weathers.ts") ? own + WEATHERS : own;
      const isThere =
        file === null ? played.has(test) : idsIn(text).has(id) || (title !== "" && text.includes(title));
      expect([test, isThere]).toEqual([test, true]);
    }
});

it("the table is written from titles and files but the venue's own, and tells what has failed", () => {
  const name = join(ROOT, "packages/cli/test/layers.test.ts");
  const failed = { title: "EX15 waits | for its time", fullName: "a venue EX15 waits", status: "failed" };
  const made = { title: "EX19 is refused", fullName: "EX19 is refused", status: "passed" };
  const venue = join(ROOT, "packages/binance-sim/test/sockets/trading/order-faults.test.ts");
  const text = faultsTable(ROOT, {
    testResults: [
      { name, assertionResults: [failed] },
      { name: venue, assertionResults: [made] },
    ],
  });
  expect(text).toContain("| EX15 waits \\| for its time — `packages/cli/test/layers.test.ts` | 1 FAILED |");
  expect(text).toMatch(/^\| MD01 .* \| — \| no test \|/m);
});
