import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { M1_SCALP, withEntry } from "@smcq/features";
import { describe, expect, it } from "vitest";
import { cardText, parseCard, signCard } from "../src/card/card.ts";
import type { ModelCard } from "../src/card/card.ts";
import { metadataProps, modelIdOf, sha256Hex } from "../src/card/metadata.ts";
import type { ModelMetadata } from "../src/card/metadata.ts";
import { openModel } from "../src/gate/open-model.ts";
import type { OpenOptions } from "../src/gate/open-model.ts";
import { tryLeafMask } from "../src/gate/try-model.ts";
import { decodeGolden, encodeGolden } from "../src/golden/golden-file.ts";
import { importDropped, importModel } from "../src/import/import-model.ts";
import type { ModelPaths } from "../src/import/model-files.ts";
import { readOnnx } from "../src/onnx/read-onnx.ts";
import type { TreeEnsemble } from "../src/onnx/tree-ensemble.ts";
import { writeOnnx } from "../src/onnx/write-onnx.ts";
import { codeOf, lightGbmText, NOW_MS, temporaryFolder } from "./model-support.ts";
import type { TextOptions } from "./model-support.ts";

const DAY_MS = 86_400_000;

/** A model's files in a folder of their own, to be damaged. */
class Files {
  readonly paths: ModelPaths;

  constructor(text: TextOptions = {}) {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "m.txt"), lightGbmText(text));
    this.paths = importModel({
      text: join(folder, "m.txt"),
      out: join(folder, "m.onnx"),
      nowMs: NOW_MS,
    }).paths;
  }

  get card(): ModelCard {
    return parseCard(readFileSync(this.paths.card, "utf8"), "the card");
  }

  /** Writes other bytes as the model and tells the card of them. */
  onnx(bytes: Uint8Array): void {
    writeFileSync(this.paths.onnx, bytes);
    this.setCard({ onnxSha256: sha256Hex(bytes), onnxBytes: bytes.length });
  }

  golden(bytes: Uint8Array): void {
    writeFileSync(this.paths.golden, bytes);
    this.setCard({ goldenSha256: sha256Hex(bytes) });
  }

  setCard(change: Partial<ModelCard>): void {
    writeFileSync(this.paths.card, cardText({ ...this.card, ...change }));
  }

  /** The same trees with other metadata, consistently in file and card; or other trees. */
  rewrite(
    change: Partial<ModelMetadata>,
    changeTrees: (ensemble: TreeEnsemble) => TreeEnsemble = (ensemble) => ensemble,
  ): void {
    const { modelId: _, ...rest } = { ...this.card.metadata, ...change };
    const metadata = { ...rest, modelId: modelIdOf("m", rest) };
    const { ensemble } = readOnnx(readFileSync(this.paths.onnx));
    this.setCard({ metadata });
    this.onnx(writeOnnx(changeTrees(ensemble), metadataProps(metadata)));
  }

  /** Replaces the first occurrence of some bytes of the model by as many others. */
  patch(find: Uint8Array, replace: Uint8Array): void {
    const bytes = readFileSync(this.paths.onnx);
    const at = bytes.indexOf(find);
    if (at < 0) throw new Error("the bytes to patch are not there");
    bytes.set(replace, at);
    this.onnx(bytes);
  }
}

function gate(files: Files, options: Partial<OpenOptions> = {}): Promise<string | null> {
  return codeOf(() =>
    tryLeafMask(
      openModel({
        file: files.paths.onnx,
        nowMs: NOW_MS,
        refuseExpired: true,
        isAnySchema: false,
        ...options,
      }),
    ),
  );
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A text field of a protobuf message, as its bytes. */
const field = (number: number, text: string): number[] => [(number << 3) | 2, text.length, ...utf8(text)];

function patched(find: readonly number[], replace: readonly number[]): (files: Files) => void {
  return (files) => files.patch(Uint8Array.from(find), Uint8Array.from(replace));
}

/** Every tree has one leaf: `trees` of them fit into a small file. */
function stumps(trees: number): (ensemble: TreeEnsemble) => TreeEnsemble {
  const zeros = (): Int32Array => new Int32Array(trees);
  const own = (): Int32Array => Int32Array.from({ length: trees }, (_, tree) => tree);
  return ({ featureCount }) => ({
    featureCount,
    isAveraged: false,
    roots: own(),
    feature: zeros(),
    threshold: new Float64Array(trees),
    isNanTrue: new Uint8Array(trees),
    trueChild: own(),
    falseChild: own(),
    isTrueLeaf: new Uint8Array(trees).fill(1),
    isFalseLeaf: new Uint8Array(trees).fill(1),
    leafValue: new Float64Array(trees).fill(0.01),
  });
}

/** A number's neighbour one unit in the last place further from zero. */
function nextUlp(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + 1n);
  return view.getFloat64(0);
}

const swapped = (names: readonly string[]): string[] => [names[1]!, names[0]!, ...names.slice(2)];

const DAMAGES: readonly [what: string, code: string, damage: (files: Files) => void, text?: TextOptions][] = [
  ["no model file", "MODEL_FILE", ({ paths }) => rmSync(paths.onnx)],
  ["no card", "MODEL_CARD", ({ paths }) => rmSync(paths.card)],
  ["no golden file", "MODEL_GOLDEN", ({ paths }) => rmSync(paths.golden)],
  ["a huge (sparse) file", "MODEL_SIZE", ({ paths }) => truncateSync(paths.onnx, 64 * 2 ** 20 + 1)],
  ["a truncated file", "MODEL_PARSE", ({ paths }) => truncateSync(paths.onnx, 2_000)],
  [
    "a truncated file whose card was made to fit",
    "MODEL_PARSE",
    (files) => files.onnx(readFileSync(files.paths.onnx).subarray(0, 2_000)),
  ],
  ["a file that is no protobuf", "MODEL_PARSE", (files) => files.onnx(utf8("tree\nversion=v4\n"))],
  [
    "another hash",
    "MODEL_HASH",
    ({ paths }) => {
      const bytes = readFileSync(paths.onnx);
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(paths.onnx, bytes);
    },
  ],
  ["a card that is no JSON", "MODEL_CARD", ({ paths }) => truncateSync(paths.card, 300)],
  [
    "a card that says more than the file",
    "MODEL_CARD",
    (files) => files.setCard({ metadata: { ...files.card.metadata, status: "proven" } }),
  ],
  [
    "a model id that is not the hash of the metadata",
    "MODEL_CARD",
    (files) => {
      const metadata = { ...files.card.metadata, status: "proven" as const };
      files.setCard({ metadata });
      const { ensemble } = readOnnx(readFileSync(files.paths.onnx));
      files.onnx(writeOnnx(ensemble, metadataProps(metadata)));
    },
  ],
  ["other trees than the card tells of", "MODEL_CARD", (files) => files.rewrite({}, stumps(2))],
  [
    "another opset",
    "MODEL_OPSET",
    patched([...field(1, "ai.onnx.ml"), 2 << 3, 5], [...field(1, "ai.onnx.ml"), 2 << 3, 4]),
  ],
  ["a custom operator", "MODEL_OPERATOR", patched(field(4, "TreeEnsemble"), field(4, "TreeExploits"))],
  [
    "a tensor in another file",
    "MODEL_EXTERNAL_DATA",
    patched(field(8, "leaf_weights"), [14 << 3, 1, ...field(8, "leaf_weigh")]),
  ],
  [
    "a NaN threshold",
    "MODEL_THRESHOLD",
    (files) =>
      files.rewrite({}, (ensemble) => ({ ...ensemble, threshold: ensemble.threshold.with(3, Number.NaN) })),
  ],
  [
    "an infinite leaf",
    "MODEL_THRESHOLD",
    (files) =>
      files.rewrite({}, (ensemble) => ({ ...ensemble, leafValue: ensemble.leafValue.with(3, Infinity) })),
  ],
  [
    "a cycle in a tree",
    "MODEL_SHAPE",
    (files) =>
      files.rewrite({}, (ensemble) => ({
        ...ensemble,
        trueChild: ensemble.trueChild.with(1, 0),
        isTrueLeaf: ensemble.isTrueLeaf.with(1, 0),
      })),
  ],
  ["too many trees", "MODEL_TREES", (files) => files.rewrite({ trees: 5_001 }, stumps(5_001))],
  ["too many leaves", "MODEL_LEAVES", () => {}, { leaves: 120, trees: 1 }],
  [
    "the features in another order",
    "MODEL_FEATURES",
    (files) => files.rewrite({ featureNames: swapped(files.card.metadata.featureNames) }),
  ],
  [
    "features by another schema",
    "MODEL_SCHEMA",
    (files) => files.rewrite({ featureSchemaSha256: "0".repeat(64) }),
  ],
  ["features by an unknown schema", "MODEL_SCHEMA", (files) => files.rewrite({ featureSchemaSha256: null })],
  ["an expired model", "MODEL_EXPIRED", (files) => files.rewrite({ expiresUtc: "2026-06-01T00:00:00Z" })],
  [
    "another golden file",
    "MODEL_GOLDEN",
    ({ paths }) => {
      const bytes = readFileSync(paths.golden);
      bytes[bytes.length - 8]! ^= 1;
      writeFileSync(paths.golden, bytes);
    },
  ],
  [
    "a golden row off by one unit in the last place",
    "MODEL_GOLDEN",
    (files) => {
      const golden = decodeGolden(readFileSync(files.paths.golden));
      golden.margins[700] = nextUlp(golden.margins[700]!);
      files.golden(encodeGolden(golden));
    },
  ],
  [
    "a leaf off by one unit in the last place",
    "MODEL_GOLDEN",
    (files) =>
      files.rewrite({}, (ensemble) => ({
        ...ensemble,
        leafValue: ensemble.leafValue.map((value) => nextUlp(value)),
      })),
  ],
  [
    "511 golden rows",
    "MODEL_GOLDEN",
    (files) => {
      const { featureCount, features, margins } = decodeGolden(readFileSync(files.paths.golden));
      files.golden(
        encodeGolden({
          count: 511,
          featureCount,
          features: features.slice(0, 511 * featureCount),
          margins: margins.slice(0, 511),
        }),
      );
    },
  ],
];

describe("the gate", () => {
  it("passes a model as import wrote it, and tells of every check", () => {
    const files = new Files();
    const checks: string[] = [];
    const opened = openModel({
      file: files.paths.onnx,
      nowMs: NOW_MS,
      refuseExpired: true,
      isAnySchema: false,
      onCheck: (name) => checks.push(name),
    });
    tryLeafMask(opened, (name) => checks.push(name));
    expect(checks).toEqual([
      "file",
      "card",
      "sha256",
      "signature",
      "graph",
      "metadata",
      "features",
      "schema",
      "expiry",
      "golden file",
      "tables",
      "golden rows, leaf-mask",
    ]);
  });

  it.each(DAMAGES)("refuses %s with %s", async (_what, code, damage, text) => {
    const files = new Files(text);
    damage(files);
    expect(await gate(files)).toBe(code);
  });

  it("tells of an expired model without refusing it where the caller wants that", () => {
    const open = (nowMs: number): boolean =>
      openModel({ file: files.paths.onnx, nowMs, refuseExpired: false, isAnySchema: false }).isExpired;
    const files = new Files();
    expect(open(NOW_MS + 180 * DAY_MS - 1)).toBe(false);
    expect(open(NOW_MS + 180 * DAY_MS)).toBe(true);
  });

  it("takes a signed card only with its key, and an unsigned one not at all where a key is set", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const publicKeyPem = publicKey.export({ format: "pem", type: "spki" }).toString();
    const files = new Files();
    expect(await gate(files, { publicKeyPem })).toBe("MODEL_SIGNATURE");
    const signed = signCard(files.card, privateKey.export({ format: "pem", type: "pkcs8" }).toString());
    files.setCard(signed);
    expect(await gate(files, { publicKeyPem })).toBeNull();
    files.setCard({ goldenSha256: "0".repeat(64) });
    expect(await gate(files, { publicKeyPem })).toBe("MODEL_SIGNATURE");
  });

  it("takes other features only where any schema is asked for", async () => {
    const names = Array.from({ length: 12 }, (_, k) => `Column_${k}`);
    const folder = temporaryFolder();
    writeFileSync(join(folder, "m.txt"), lightGbmText({ names }));
    const options = { text: join(folder, "m.txt"), out: join(folder, "m.onnx"), nowMs: NOW_MS };
    expect(await codeOf(() => importModel(options))).toBe("MODEL_FEATURES");
    importModel({ ...options, isAnySchema: true });
    const open = { file: options.out, nowMs: NOW_MS, refuseExpired: true };
    expect(await codeOf(() => openModel({ ...open, isAnySchema: false }))).toBe("MODEL_FEATURES");
    expect(openModel({ ...open, isAnySchema: true }).card.metadata.featureNames).toEqual(names);
  });
});

describe("a model for other entries", () => {
  const limit = withEntry(M1_SCALP, { kind: "limit", offsetAtr: 0.25, expiryBars: 3 });
  const messageOf = (run: () => unknown): string => {
    try {
      run();
      return "passes";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };

  it("is refused with the versions of both trade plans, whichever way round", () => {
    const folder = temporaryFolder();
    const text = join(folder, "m.txt");
    writeFileSync(text, lightGbmText());
    const open = { nowMs: NOW_MS, refuseExpired: true, isAnySchema: false };
    const market = importModel({ text, out: join(folder, "market.onnx"), nowMs: NOW_MS }).paths.onnx;
    const resting = importModel({ text, out: join(folder, "limit.onnx"), nowMs: NOW_MS, plan: limit });
    expect(resting.card.metadata.labelSpec).toMatchObject({ version: 2, entry: limit.entry });
    const plain = "trade plan m1-scalp, version 1, entries at the market";
    const other = "trade plan m1-scalp, version 2, limit entries 0.25 ATR away for 3 bars";
    const words = (own: string, engine: string): RegExp =>
      new RegExp(`of schema [0-9a-f]{64} \\(${own}\\), the engine's is [0-9a-f]{64} \\(${engine}\\)`);
    expect(messageOf(() => openModel({ ...open, file: market, plan: limit }))).toMatch(words(plain, other));
    expect(messageOf(() => openModel({ ...open, file: resting.paths.onnx }))).toMatch(words(other, plain));
    expect(messageOf(() => openModel({ ...open, file: market }))).toBe("passes");
    expect(messageOf(() => openModel({ ...open, file: resting.paths.onnx, plan: limit }))).toBe("passes");
  });

  it("is made anew from a dropped text when entries change", () => {
    const folder = temporaryFolder();
    const text = join(folder, "lgbm_smc.txt");
    writeFileSync(text, lightGbmText());
    const dropped = { text, outDir: join(folder, "var"), nowMs: NOW_MS };
    const [market, resting, again] = [undefined, limit, limit].map(
      (plan) => importDropped({ ...dropped, plan }).paths.onnx,
    );
    expect(resting).not.toBe(market);
    expect(again).toBe(resting);
  });
});
