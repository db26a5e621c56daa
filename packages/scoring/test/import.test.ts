import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { SystemClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { importDropped, importModel, importTried } from "../src/import/import-model.ts";
import { modelPaths } from "../src/import/model-files.ts";
import { codeOf, lightGbmText, NOW_MS, temporaryFolder, trainingReport } from "./model-support.ts";

const text = lightGbmText();

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

describe("import", () => {
  it("finds the training report beside the text and writes three files and nothing else", () => {
    const folder = folderWith({ "lgbm_smc.txt": text, "training.json": trainingReport(text) });
    const { card } = importModel({
      text: join(folder, "lgbm_smc.txt"),
      out: join(folder, "out/lgbm_smc.onnx"),
      nowMs: NOW_MS,
    });
    expect(card.metadata.modelId).toMatch(/^lgbm_smc-[0-9a-f]{12}$/);
    expect(card.metadata.calibration.type).toBe("platt");
    expect(readdirSync(join(folder, "out")).toSorted()).toEqual([
      "lgbm_smc.card.json",
      "lgbm_smc.golden.bin",
      "lgbm_smc.onnx",
    ]);
  });

  it("makes the same bytes of the same text at the same time", () => {
    const read = (): Buffer[] => {
      const folder = folderWith({ "m.txt": text });
      const { paths } = importModel({
        text: join(folder, "m.txt"),
        out: join(folder, "m.onnx"),
        nowMs: NOW_MS,
      });
      return Object.values(paths).map((path: string) => readFileSync(path));
    };
    expect(read()).toEqual(read());
  });

  it("refuses a report that is named and not there, a folder, a foreign name, and leaves nothing behind", async () => {
    const folder = folderWith({ "m.txt": text });
    const options = { text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS };
    const refused = [
      { ...options, report: join(folder, "no.json") },
      { ...options, text: folder },
      { ...options, text: join(folder, "no.txt") },
      { ...options, name: "../m" },
      { ...options, out: join(folder, "m.model") },
      { ...options, out: join(folder, "m.txt/m.onnx") },
    ];
    for (const each of refused) expect(await codeOf(() => importModel(each))).toBe("MODEL_FILE");
    expect(readdirSync(folder)).toEqual(["m.txt"]);
  });

  it("refuses a pipe in place of a file without waiting for a writer", async () => {
    const folder = temporaryFolder();
    const text = join(folder, "pipe.txt");
    expect(spawnSync("mkfifo", [text]).status).toBe(0);
    expect(await codeOf(() => importModel({ text, out: join(folder, "m.onnx"), nowMs: NOW_MS }))).toBe(
      "MODEL_FILE",
    );
  });

  it("takes other names of 12 features when told to, and no other number of them", async () => {
    for (const [count, code] of [
      [5, "MODEL_FEATURES"],
      [12, null],
      [20, "MODEL_FEATURES"],
    ] as const) {
      const names = Array.from({ length: count }, (_, feature) => `x${feature}`);
      const folder = folderWith({ "m.txt": lightGbmText({ names }) });
      const options = { text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS };
      expect(await codeOf(() => importModel({ ...options, isAnySchema: true }))).toBe(code);
      expect(await codeOf(() => importModel(options))).toBe("MODEL_FEATURES");
      expect(existsSync(options.out)).toBe(code === null);
    }
  });

  it("refuses a half-written text, at whatever byte it ends", async () => {
    for (let bytes = 1; bytes < text.indexOf("end of trees"); bytes += 397) {
      const folder = folderWith({ "m.txt": text.slice(0, bytes) });
      const options = { text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS };
      expect(await codeOf(() => importModel(options))).toBe("MODEL_TEXT_TRUNCATED");
      expect(existsSync(options.out)).toBe(false);
    }
  });
});

describe("an import by a person", () => {
  const tried = (folder: string, scorer: "leaf-mask" | "ort" = "leaf-mask"): ReturnType<typeof importTried> =>
    importTried({
      text: join(folder, "m.txt"),
      out: join(folder, "m.onnx"),
      nowMs: NOW_MS,
      scorer,
      clock: new SystemClock(),
    });

  it("refuses at once what the scorer would refuse later, and leaves what is there as it is", async () => {
    const folder = folderWith({ "m.txt": text });
    importModel({ text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS });
    const files = (): Buffer[] => readdirSync(folder).map((name) => readFileSync(join(folder, name)));
    for (const [given, code] of [
      [lightGbmText({ leaves: 300 }), "MODEL_LEAVES"],
      [gzipSync(text), "MODEL_TEXT"],
      [Buffer.from(`\u{FEFF}${text}`, "utf16le"), "MODEL_TEXT"],
      ['{"name":"tree"}', "MODEL_TEXT"],
      [Buffer.from([0x80, 4, 0x95, 1]), "MODEL_TEXT"],
      [Buffer.from([8, 10, 18, 9]), "MODEL_TEXT"],
    ] as const) {
      writeFileSync(join(folder, "m.txt"), given);
      const before = files();
      expect(await codeOf(() => tried(folder))).toBe(code);
      expect(files()).toEqual(before);
    }
  });

  it("takes what the other scorer takes, and texts as other systems write them", async () => {
    const folder = folderWith({
      "m.txt": `\u{FEFF}${lightGbmText({ leaves: 300, trees: 2 }).replaceAll("\n", "\r\n")}`,
    });
    const { card } = await tried(folder, "ort");
    expect(card.metadata.maxLeaves).toBe(300);
    expect(readdirSync(folder).toSorted()).toEqual(["m.card.json", "m.golden.bin", "m.onnx", "m.txt"]);
  });
});

describe("a dropped text", () => {
  const drop = (folder: string): ReturnType<typeof importDropped> =>
    importDropped({ text: join(folder, "lgbm_smc.txt"), outDir: join(folder, "var"), nowMs: NOW_MS });

  it("is converted once, and again when what was made of it is damaged", () => {
    const folder = folderWith({ "lgbm_smc.txt": text });
    const { paths, card } = drop(folder);
    expect(paths.onnx).toMatch(/lgbm_smc-[0-9a-f]{12}\.onnx$/);
    const { mtimeNs, ino } = statSync(paths.onnx, { bigint: true });
    expect(drop(folder)).toEqual({ paths, card });
    expect(statSync(paths.onnx, { bigint: true })).toMatchObject({ mtimeNs, ino });
    writeFileSync(paths.golden, "");
    drop(folder);
    expect(statSync(paths.golden).size).toBeGreaterThan(512);
    rmSync(paths.card);
    drop(folder);
    expect(existsSync(paths.card)).toBe(true);
  });

  it("gets another file when the text or its report changes", () => {
    const folder = folderWith({ "lgbm_smc.txt": text });
    const bare = drop(folder);
    writeFileSync(join(folder, "training.json"), trainingReport(text));
    const trained = drop(folder);
    expect(trained.paths.onnx).not.toBe(bare.paths.onnx);
    expect([bare.card.metadata.trainer, trained.card.metadata.trainer?.name]).toEqual([null, "lightgbm"]);
  });

  it("is refused with a report of another text", async () => {
    const folder = folderWith({ "lgbm_smc.txt": text, "training.json": trainingReport(`${text}\n`) });
    expect(await codeOf(() => drop(folder))).toBe("MODEL_REPORT_TEXT");
  });
});

it("a model's other files stand beside it under its name", () => {
  expect(modelPaths("/a/b.c/m.onnx")).toEqual({
    onnx: "/a/b.c/m.onnx",
    card: "/a/b.c/m.card.json",
    golden: "/a/b.c/m.golden.bin",
  });
});
