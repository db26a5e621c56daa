import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ResearchBook, researchFile, type Trial } from "@smcq/ledger";
import SqliteDatabase from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let folder = "";
let book: ResearchBook;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-research-"));
  book = new ResearchBook(researchFile(folder));
});
afterEach(() => {
  book.close();
  rmSync(folder, { recursive: true });
});

function trial(id: string, change: Partial<Trial> = {}): Trial {
  return {
    name: id,
    trialSha256: id.padEnd(64, "0"),
    planSha256: "a".repeat(64),
    featuresSha256: "b".repeat(64),
    modelId: null,
    dataSha256: "c".repeat(64),
    days: [{ fromDay: 10, toDay: 20 }],
    holdOut: null,
    count: 1,
    ...change,
  };
}

const DAILY = { days: [10, 11, 20], sums: [0.1, -0.2, 1 / 3], counts: [1, 2, 3] };

describe("what was tried", () => {
  it("counts a variant before its result is seen", () => {
    book.record([trial("1"), trial("2")], 1);
    expect(book.triedBut([])).toEqual({ known: [], unseen: 2 });
  });

  it("gives results back bit by bit", () => {
    const [first] = book.record([trial("1")], 1) as [number];
    book.finish(first, DAILY, 2);
    expect(book.triedBut([])).toEqual({ known: [DAILY], unseen: 0 });
  });

  it("counts the same variant once, however often it is run", () => {
    for (let round = 0; round < 3; round++) {
      const [row] = book.record([trial("1")], round) as [number];
      book.finish(row, DAILY, round);
    }
    expect(book.triedBut([])).toEqual({ known: [DAILY], unseen: 0 });
    expect(book.triedBut([trial("1").trialSha256])).toEqual({ known: [], unseen: 0 });
  });

  it("counts all parameter sets that a training has tried", () => {
    const [row] = book.record([trial("1", { count: 40 }), trial("2")], 1) as [number];
    book.finish(row, DAILY, 2);
    expect(book.triedBut([])).toEqual({ known: [DAILY], unseen: 40 });
  });

  it.each([0, -1, 1.5, Number.NaN, 1_000_001])("refuses a count of %d", (count) => {
    expect(() => book.record([trial("1", { count })], 1)).toThrow(/must be a whole number, 1 to 1000000/);
    expect(book.triedBut([]).unseen).toBe(0);
  });

  it("takes a result once, and none of what was not recorded", () => {
    const [row] = book.record([trial("1")], 1) as [number];
    book.finish(row, DAILY, 2);
    expect(() => book.finish(row, DAILY, 3)).toThrow(/UNIQUE/);
    expect(() => book.finish(99, DAILY, 3)).toThrow(/FOREIGN KEY/);
  });

  it.each(["trials", "results", "hold_outs", "openings"])("never changes or forgets a row of %s", (table) => {
    const [row] = book.record([trial("1")], 1) as [number];
    book.finish(row, DAILY, 2);
    book.seal({ name: "h", fromDay: 30, toDay: 40 }, 3);
    book.open("h", "to see", 4);
    const db = new SqliteDatabase(researchFile(folder));
    const column = table === "results" ? "finished_ms" : table === "trials" ? "count" : "name";
    expect(() => db.prepare(`UPDATE ${table} SET ${column} = 0`).run()).toThrow(/append-only/);
    expect(() => db.prepare(`DELETE FROM ${table}`).run()).toThrow(/append-only/);
    db.close();
  });

  it("is one book for many that write at once", () => {
    const others = [1, 2, 3].map(() => new ResearchBook(researchFile(folder)));
    for (let round = 0; round < 5; round++)
      for (const [k, other] of others.entries()) other.record([trial(`${k}x${round}`)], round);
    for (const other of others) other.close();
    expect(book.triedBut([]).unseen).toBe(15);
  });
});

describe("the book's file", () => {
  it("is its owner's alone", () => {
    expect(statSync(researchFile(folder)).mode & 0o077).toBe(0);
  });

  it("is refused when it is another program's, newer, or no database", () => {
    const strange = join(folder, "strange.db");
    const db = new SqliteDatabase(strange);
    db.exec("CREATE TABLE t (x)");
    db.close();
    expect(() => new ResearchBook(strange)).toThrow(/another program/);
    const newer = join(folder, "newer.db");
    new ResearchBook(newer).close();
    const changed = new SqliteDatabase(newer);
    changed.pragma("user_version = 99");
    changed.close();
    expect(() => new ResearchBook(newer)).toThrow(/schema 99.*Do not begin a new book/);
    const text = join(folder, "text.db");
    writeFileSync(text, "no database".repeat(200));
    expect(() => new ResearchBook(text)).toThrow(/cannot use the book of research/);
  });
});

describe("hold-outs", () => {
  it("are opened once, and are none any more at the second time", () => {
    book.seal({ name: "spring", fromDay: 100, toDay: 130 }, 1);
    expect(book.holdOuts()).toEqual([{ name: "spring", fromDay: 100, toDay: 130, sealedMs: 1, openings: 0 }]);
    expect(book.open("spring", "first", 2).openings).toBe(1);
    expect(book.open("spring", "again", 3).openings).toBe(2);
  });

  it("are refused where somebody has looked", () => {
    book.record(
      [
        trial("1", {
          days: [
            { fromDay: 10, toDay: 20 },
            { fromDay: 40, toDay: 50 },
          ],
        }),
      ],
      1,
    );
    expect(() => book.seal({ name: "a", fromDay: 20, toDay: 30 }, 2)).toThrow(
      /1 variants were already judged/,
    );
    expect(() => book.seal({ name: "a", fromDay: 45, toDay: 46 }, 2)).toThrow(/already judged/);
    expect(() => book.seal({ name: "a", fromDay: 21, toDay: 39 }, 2)).not.toThrow();
    expect(book.looksAt({ fromDay: 15, toDay: 15 }, [])).toBe(1);
    expect(book.looksAt({ fromDay: 15, toDay: 15 }, [trial("1").trialSha256])).toBe(0);
  });

  it.each([
    ["Spring", 1, 2, /1 to 40 of a-z/],
    ["", 1, 2, /1 to 40 of a-z/],
    ["a", 3, 2, /ends before it begins/],
    ["taken", 1, 2, /those of hold-out taken/],
    ["a", 105, 109, /those of hold-out taken/],
  ])("refuse %j from %d to %d", (name, fromDay, toDay, error) => {
    book.seal({ name: "taken", fromDay: 100, toDay: 130 }, 1);
    expect(() => book.seal({ name, fromDay, toDay }, 2)).toThrow(error);
  });

  it("are named when one is asked for that is not there", () => {
    expect(() => book.open("spring", "to see", 1)).toThrow(/none is sealed/);
    book.seal({ name: "autumn", fromDay: 100, toDay: 130 }, 1);
    expect(() => book.open("spring", "to see", 1)).toThrow(/sealed are autumn/);
  });
});
