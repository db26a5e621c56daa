import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ResearchBook,
  researchFile,
  acquireRunLock,
  compareTables,
  ledgerFile,
  verifyJournal,
} from "@smcq/ledger";
import { beforeAll, afterAll, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { recorded, recordedLedger } from "../support/recorded-ledger.ts";
import { runCommand as smcq } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const FORMS = [
  ["a folder", "kept"],
  ["one file", "kept.tar"],
] as const;

/** Everything of this file stands below it. */
const root = mkdtempSync(join(tmpdir(), "smcq-backup-"));
const dataDir = join(root, "var");
let places = 0;
const place = (name = "place"): string => join(root, `${name}-${places++}`);

/** What an engine leaves in its folder, and what a person may have put there. */
const BESIDE: Readonly<Record<string, string>> = {
  HALT: "",
  "venue/account.jsonl": "one\ntwo\n",
  "venue/key.json": "{}",
  "models/lgbm.onnx": "model",
  "dashboard.token": "look",
  "dashboard.control-token": "control",
  "api-secret.pem": "secret",
  "cache/universe.json": "[]",
};

function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("run.lock"))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

const backup = (to: string, ...more: readonly string[]) =>
  smcq("backup", "--data-dir", dataDir, "--to", to, ...more);
const restore = (from: string, to: string) => smcq("restore", "--from", from, "--data-dir", to);

/** Nothing stands there that an engine would take for a ledger, and no draft. */
function isUntouched(folder: string): boolean {
  return !existsSync(folder) || filesIn(folder).length === 0;
}

let copies: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  await recordedLedger([recorded(SEED), recorded(SEED + 1)], dataDir);
  put(dataDir, BESIDE);
  copies = { kept: join(root, "kept"), "kept.tar": join(root, "kept.tar") };
  for (const to of Object.values(copies)) await backup(to);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const copyOf = (name: string): string => {
  const copy = place(name);
  const path = name.endsWith(".tar") ? `${copy}.tar` : copy;
  cpSync(copies[name] ?? "", path, { recursive: true });
  return path;
};

describe("a backup", () => {
  it.each(FORMS)(
    "as %s is restored to a ledger that verifies, with what goes with it and no key",
    async (_, name) => {
      const to = place();
      const { code, text } = await restore(copies[name] ?? "", to);
      expect([code, text]).toEqual([ExitCode.Ok, expect.stringContaining("rows of the journal, head ")]);
      expect(filesIn(to)).toEqual([
        "HALT",
        "ledger.db",
        "models/lgbm.onnx",
        "venue/account.jsonl",
        "venue/key.json",
      ]);
      expect(verifyJournal(ledgerFile(to))).toEqual(verifyJournal(ledgerFile(dataDir)));
      expect(compareTables(ledgerFile(to)).isEqual).toBe(true);
      expect((await smcq("ledger", "verify", "--data-dir", to)).code).toBe(ExitCode.Ok);
      for (const file of filesIn(to)) expect(statSync(join(to, file)).mode & 0o077).toBe(0);
      expect(readFileSync(join(to, "venue/account.jsonl"), "utf8")).toBe("one\ntwo\n");
    },
  );

  it("says what it leaves out, and takes the tokens when it is told to", async () => {
    const { text } = await backup(place());
    expect(text).toContain("left out: api-secret.pem, cache, dashboard.control-token, dashboard.token\n");
    const to = place();
    const { text: json } = await backup(to, "--with-tokens", "--json");
    expect(JSON.parse(json)).toMatchObject({ to, leftOut: ["api-secret.pem", "cache"], format: 1 });
    expect(readFileSync(join(to, "dashboard.token"), "utf8")).toBe("look");
  });

  it("keeps what was ever tried beside who tries on, and the audits", async () => {
    const folder = place("tried");
    cpSync(dataDir, folder, { recursive: true });
    put(folder, { "audits.jsonl": "{}\n" });
    const book = new ResearchBook(researchFile(folder));
    book.seal({ name: "summer", fromDay: 20_000, toDay: 20_090 }, 1);
    const [to, again] = [place("copy"), place("again")];
    await smcq("backup", "--data-dir", folder, "--to", to);
    book.close();
    await restore(to, again);
    expect(filesIn(again)).toEqual(expect.arrayContaining(["audits.jsonl", "research.db"]));
    const restored = new ResearchBook(researchFile(again));
    expect(restored.holdOuts()).toMatchObject([{ name: "summer", openings: 0 }]);
    restored.close();
  });

  it("does not wait for a writer, and holds none up", async () => {
    const writer = new DatabaseSync(ledgerFile(dataDir), { timeout: 0 });
    writer.exec("BEGIN IMMEDIATE; UPDATE runs SET summary_json = 'not committed'");
    expect((await backup(place())).code).toBe(ExitCode.Ok);
    writer.exec("ROLLBACK");
    writer.close();
  });

  it("is never written over anything, nor where it cannot stand, and leaves nothing then", async () => {
    const [file, folder] = [place(), place()];
    writeFileSync(file, "mine");
    put(folder, { mine: "" });
    for (const to of [file, folder, copies["kept.tar"] ?? "", join(file, "below"), "/proc/smcq-backup"]) {
      const { code, said } = await backup(to);
      expect([to, code, said]).toEqual([to, ExitCode.File, expect.stringContaining("smcq: ")]);
    }
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(readdirSync(folder)).toEqual(["mine"]);
    expect(readdirSync(root).filter((name) => name.includes("draft"))).toEqual([]);
  });

  it("is refused of a folder without a ledger, and of a chain that is broken", async () => {
    const [empty, broken] = [place(), place()];
    mkdirSync(empty);
    expect(await smcq("backup", "--data-dir", empty, "--to", place())).toMatchObject({
      code: ExitCode.Ledger,
    });
    await restore(copies["kept"] ?? "", broken);
    const db = new DatabaseSync(ledgerFile(broken));
    db.exec("UPDATE journal SET now_ms = now_ms + 1 WHERE journal_key = 9");
    db.close();
    const to = place();
    const { code, said } = await smcq("backup", "--data-dir", broken, "--to", to);
    expect([code, said]).toEqual([ExitCode.Ledger, expect.stringContaining("seq 8")]);
    expect(existsSync(to)).toBe(false);
  });
});

describe("restoring", () => {
  it("is refused into a folder that holds anything, or that an engine runs on", async () => {
    const [taken, running] = [place(), place()];
    put(taken, { notes: "mine" });
    expect(await restore(copies["kept"] ?? "", taken)).toMatchObject({
      code: ExitCode.File,
      said: expect.stringContaining("is not empty (notes)"),
    });
    expect(filesIn(taken)).toEqual(["notes"]);
    expect((await restore(copies["kept"] ?? "", dataDir)).said).toContain("is not empty");
    const lock = acquireRunLock(running);
    expect((await restore(copies["kept"] ?? "", running)).code).toBe(ExitCode.Locked);
    lock.release();
    expect((await restore(copies["kept"] ?? "", running)).code).toBe(ExitCode.Ok);
  });

  it.each([
    ["a newer ledger", (text: string) => text.replace(/"schema": \d+/, '"schema": 99'), "ledger schema 99"],
    ["a newer form", (text: string) => text.replace('"format": 1', '"format": 2'), "backup format 2"],
  ])("is refused of %s, with both versions and what to do", async (_, change, wanted) => {
    const copy = copyOf("kept");
    const file = join(copy, "manifest.json");
    writeFileSync(file, change(readFileSync(file, "utf8")));
    const to = place();
    const { code, said } = await restore(copy, to);
    expect(code).toBe(ExitCode.File);
    expect(said).toContain(wanted);
    expect(said).toMatch(
      /this is engine .* \(format 1, schema \d+\).*restore it with that engine or a newer one/,
    );
    expect(isUntouched(to)).toBe(true);
  });

  const flip = (file: string, at: number): void => {
    const bytes = readFileSync(file);
    const index = Math.floor(bytes.length * at);
    bytes[index] = (bytes[index] ?? 0) ^ 0x10;
    writeFileSync(file, bytes);
  };
  const manifest = (copy: string, change: (text: string) => string): void => {
    const file = join(copy, "manifest.json");
    writeFileSync(file, change(readFileSync(file, "utf8")));
  };

  it.each<[string, string, (copy: string) => void]>([
    ["without its manifest", "kept", (copy) => rmSync(join(copy, "manifest.json"))],
    ["with half a manifest", "kept", (copy) => truncateSync(join(copy, "manifest.json"), 200)],
    [
      "with a manifest that leads out",
      "kept",
      (copy) => manifest(copy, (text) => text.replace('"HALT"', '"../HALT"')),
    ],
    ["with a manifest of nothing", "kept", (copy) => manifest(copy, () => "[]")],
    [
      "with another end of the journal",
      "kept",
      (copy) => manifest(copy, (text) => text.replace(/"head": "./, '"head": "z')),
    ],
    ["without its ledger", "kept", (copy) => rmSync(join(copy, "ledger.db"))],
    ["with a longer ledger", "kept", (copy) => writeFileSync(join(copy, "ledger.db"), "x", { flag: "a" })],
    ["with a cut ledger", "kept", (copy) => truncateSync(join(copy, "ledger.db"), 4_096)],
    ["with a changed byte of its ledger", "kept", (copy) => flip(join(copy, "ledger.db"), 0.6)],
    ["with a changed byte of its account", "kept", (copy) => flip(join(copy, "venue/account.jsonl"), 0.5)],
    [
      "with a link in a file's place",
      "kept",
      (copy) => {
        rmSync(join(copy, "HALT"));
        symlinkSync("/dev/null", join(copy, "HALT"));
      },
    ],
    ["that is an empty file", "kept.tar", (copy) => truncateSync(copy, 0)],
    ["that is cut at its end", "kept.tar", (copy) => truncateSync(copy, statSync(copy).size - 1_024)],
    [
      "that is cut in its ledger",
      "kept.tar",
      (copy) => truncateSync(copy, Math.floor(statSync(copy).size / 2)),
    ],
    ["with a changed byte of a header", "kept.tar", (copy) => flip(copy, 0)],
    ["with a changed byte of a file", "kept.tar", (copy) => flip(copy, 0.5)],
    ["that is no archive", "kept.tar", (copy) => writeFileSync(copy, "hello".repeat(1_000))],
  ])("is refused of a backup %s, and leaves nothing", async (_, name, damage) => {
    const [copy, to] = [copyOf(name), place()];
    damage(copy);
    const { code, said } = await restore(copy, to);
    expect([code, said]).toEqual([ExitCode.File, expect.stringMatching(/^smcq: .*(damaged|symbolic link)/)]);
    expect(isUntouched(to)).toBe(true);
    expect((await restore(copies[name] ?? "", to)).code).toBe(ExitCode.Ok);
  });

  it("is refused of what is not there, and goes on where a restore has died", async () => {
    const to = place();
    expect(await restore(join(root, "nowhere"), to)).toMatchObject({ code: ExitCode.File });
    put(to, { ".restoring-999999999/ledger.db": "half" });
    chmodSync(to, 0o700);
    expect((await restore(copies["kept"] ?? "", to)).code).toBe(ExitCode.Ok);
    expect(filesIn(to)).toContain("ledger.db");
    expect(readdirSync(to).filter((name) => name.startsWith(".restoring"))).toEqual([]);
  });
});
