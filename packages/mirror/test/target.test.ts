import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readPasswordFile, targetOf } from "../src/index.ts";
import { rowsText } from "../src/rows.ts";

const SECRET = "hunter2hunter2";

function said(work: () => unknown): string {
  try {
    return `no refusal: ${JSON.stringify(work())}`;
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
}

describe("the address of a mirror", () => {
  it.each([
    ["postgres://me@db.example:5433/book", ["db.example", 5_433, "me", "book", {}]],
    ["postgresql://me@db.example/book?sslmode=disable", ["db.example", 5_432, "me", "book", false]],
    ["postgres://me@localhost", ["localhost", 5_432, "me", "me", false]],
    ["postgres://a%40b@127.0.0.1/b%20c", ["127.0.0.1", 5_432, "a@b", "b c", false]],
    ["postgres:///book?host=/run/pg&user=me", ["/run/pg", 5_432, "me", "book", false]],
    ["postgres://me@/book?host=/run/pg&port=5433", ["/run/pg", 5_433, "me", "book", false]],
    ["postgres://me@[::1]:1/book", ["::1", 1, "me", "book", false]],
    [
      "postgres://db.example/book?sslmode=require",
      ["db.example", 5_432, userInfo().username, "book", { rejectUnauthorized: false }],
    ],
  ])("is read as libpq would, with TLS verified unless it is this machine: %s", (url, wanted) => {
    const { host, port, user, database, ssl } = targetOf(url, "smcq");
    expect([host, port, user, database, ssl]).toEqual(wanted);
  });

  it.each([
    [`postgres://me:${SECRET}@db.example/book`, "holds a password"],
    [`postgres://me@db.example/book?password=${SECRET}`, "holds a password"],
    [`postgres://me:${SECRET}@db.example:port/book`, "is no address"],
    [`mysql://me:${SECRET}@db.example/book`, "begins with postgres://"],
    [`postgres://me@db.example/book?${SECRET}=1`, "unknown parameter"],
    ["postgres://me@db.example/book?sslmode=prefer", "wanted disable, require, verify-ca, verify-full"],
    ["postgres://me@db.example/book?port=70000", "1 to 65535"],
    ["postgres://me@db.example/book?sslrootcert=/nowhere", "cannot be read"],
    ["postgres://me@db.example/%zz", "begins no character"],
    ["", "begins with postgres://"],
  ])("is refused, and never repeated: %s", (url, text) => {
    const refusal = said(() => targetOf(url, "smcq"));
    expect(refusal).toMatch(/^MIRROR_URL /);
    expect(refusal).toContain(text);
    expect(refusal).not.toContain(SECRET);
  });

  it.each(["Smcq", "pg_catalog", "a b", "", "1a", "x".repeat(64), 'a"b'])("takes no schema %j", (schema) => {
    expect(said(() => targetOf("postgres://me@db/book", schema))).toMatch(/^MIRROR_URL .*no name/);
  });
});

describe("the file with the password", () => {
  const file = (text: string, permissions: number): string => {
    const folder = mkdtempSync(join(tmpdir(), "smcq-mirror-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, "password"), text, { mode: permissions });
    return join(folder, "password");
  };

  it("is the password up to the end of the line", () => {
    expect(readPasswordFile(file(` ${SECRET} \r\n`, 0o600))).toBe(` ${SECRET} `);
  });

  it.each([
    [SECRET, 0o640, "wanted 0600"],
    [SECRET, 0o604, "wanted 0600"],
    ["\n", 0o600, "is empty"],
    [SECRET.repeat(1_000), 0o600, "larger than"],
  ])("is refused, and never repeated (%#)", (text, permissions, why) => {
    const refusal = said(() => readPasswordFile(file(text, permissions)));
    expect(refusal).toMatch(/^MIRROR_PASSWORD /);
    expect(refusal).toContain(why);
    expect(refusal).not.toContain(SECRET);
  });

  it("has to be there", () => {
    expect(said(() => readPasswordFile("/nowhere/password"))).toMatch(/^MIRROR_PASSWORD .*cannot be opened/);
  });
});

describe("a row as JSON", () => {
  it("keeps every bit of a value", () => {
    const row = [9_007_199_254_740_993n, 0.1, -0, -Infinity, null, 'a"\\u0000', Uint8Array.of(0, 255)];
    const columns = row.map((_, at) => `c${at}`);
    expect(rowsText({ table: "runs", columns, rows: [row] })).toBe(
      String.raw`[{"c0":9007199254740993,"c1":0.1,"c2":-0.0,"c3":"-Infinity","c4":null,"c5":"a\"\\u0000","c6":"\\x00ff"}]`,
    );
  });
});
