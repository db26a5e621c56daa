import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { cardText, checkSignature, parseCard, signCard } from "../src/card/card.ts";
import { hasOwnId, metadataProps, parseMetadataProps } from "../src/card/metadata.ts";
import { parseTrainingReport } from "../src/card/training-report.ts";
import { utcMs, utcText } from "../src/card/utc.ts";
import { provenWins } from "../src/card/win-counts.ts";
import { buildModel, wilsonLower95 } from "../src/import/build-model.ts";
import { calendarFacts } from "./calendar-facts.ts";
import { codeOf, lightGbmText, NOW_MS, trainingReport } from "./model-support.ts";

const text = lightGbmText();
const bytes = new TextEncoder().encode(text);
const built = buildModel({
  text: bytes,
  name: "test",
  report: parseTrainingReport(trainingReport(text), "training.json"),
  nowMs: NOW_MS,
});
const { metadata } = built.card;

describe("utc", () => {
  it("writes and reads the same second as the calendar does", () => {
    for (const ms of [0, NOW_MS, 951_782_400_000, 4_107_542_400_000, -1_000, 1_709_164_799_000]) {
      expect(utcText(ms)).toBe(new Date(ms).toISOString().replace(".000Z", "Z"));
      expect(utcMs(utcText(ms))).toBe(ms);
    }
  });

  it("refuses days that are not", () => {
    for (const none of ["2025-02-29T00:00:00Z", "2025-13-01T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01"])
      expect(utcMs(none)).toBeNaN();
  });
});

describe("metadata", () => {
  it("comes back from the ONNX file's texts as it was", () => {
    const props = metadataProps(metadata);
    expect(props).toMatchObject({ schema_version: "1", model_id: metadata.modelId, status: "unproven" });
    expect(parseMetadataProps(props, "the file")).toEqual(metadata);
  });

  it("names the key that is missing or wrong", () => {
    const props = metadataProps(metadata);
    const { base_rate: _, ...without } = props;
    expect(() => parseMetadataProps(without, "the file")).toThrow(/base_rate must be in the file's metadata/);
    expect(() => parseMetadataProps({ ...props, base_rate: "1.5" }, "the file")).toThrow(
      "the file: baseRate must be a finite number of 0 to 1, there is 1.5",
    );
  });

  it("has an id that changes with anything it says", () => {
    expect(metadata.modelId).toMatch(/^test-[0-9a-f]{12}$/);
    expect(hasOwnId(metadata)).toBe(true);
    expect(hasOwnId({ ...metadata, trees: 7 })).toBe(false);
  });
});

describe("card", () => {
  it("comes back from its own text", () => {
    expect(parseCard(cardText(built.card), "the card")).toEqual(built.card);
  });

  it("is refused when it is no JSON or lacks a key", async () => {
    expect(await codeOf(() => parseCard("{", "the card"))).toBe("MODEL_CARD");
    expect(() => parseCard("{}", "the card")).toThrow("the card: cardVersion must be 1, there is nothing");
  });

  it("tells its signer from others, and notices a change", async () => {
    const owner = generateKeyPairSync("ed25519");
    const other = generateKeyPairSync("ed25519");
    const pem = (key: typeof owner.publicKey): string =>
      key.export({ format: "pem", type: "spki" }).toString();
    const signed = signCard(built.card, owner.privateKey.export({ format: "pem", type: "pkcs8" }).toString());
    const read = parseCard(cardText(signed), "the card");
    checkSignature(read, pem(owner.publicKey));
    const refusals = [
      () => checkSignature(read, pem(other.publicKey)),
      () => checkSignature({ ...read, onnxBytes: 1 }, pem(owner.publicKey)),
      () => checkSignature(built.card, pem(owner.publicKey)),
      () => checkSignature(read, "no key"),
    ];
    for (const refusal of refusals) expect(await codeOf(refusal)).toBe("MODEL_SIGNATURE");
  });
});

describe("training report", () => {
  const code = (change: (report: Record<string, unknown>) => void): Promise<string | null> =>
    codeOf(() => parseTrainingReport(trainingReport(text, change), "training.json"));

  it("is taken as it should be, further keys left out", () => {
    const report = parseTrainingReport(
      trainingReport(text, (found) => {
        found["page"] = "more";
      }),
      "training.json",
    );
    expect(report).not.toHaveProperty("page");
    expect(report.outOfSample.expectancyR.rowsAbove060).toBe(800);
  });

  it("is refused with the key's name when a value is wrong", async () => {
    const wrong: [RegExp, (report: Record<string, unknown>) => void][] = [
      [/trials must be a whole number of at least 1, there is nothing/, (r) => delete r["trials"]],
      [/gitCommit must be a commit/, (r) => (r["gitCommit"] = "main")],
      [/calibration.*above 0/, (r) => Object.assign(r["calibration"] as object, { a: -1 })],
      [/n = 1999 rows/, (r) => Object.assign(r["calibration"] as object, { n: 1_999 })],
      [
        /limit at 0.6/,
        (r) =>
          Object.assign(r["calibration"] as object, {
            bins: [{ lower: 0, upper: 1, count: 2_000, wins: 1 }],
          }),
      ],
      [/psi of feature 0 must be 2 counts/, (r) => ((r["psi"] as { edges: number[][] }).edges[0] = [1])],
      [/edges that rise/, (r) => ((r["psi"] as { edges: number[][] }).edges[3] = [1, 1])],
    ];
    for (const [message, change] of wrong) {
      expect(() => parseTrainingReport(trainingReport(text, change), "training.json")).toThrow(message);
      expect(await code(change)).toBe("MODEL_REPORT");
    }
  });

  it("blocks publication when the null tests failed, whatever it says itself", async () => {
    const nullTests = (tests: object) => (report: Record<string, unknown>) => {
      report["nullTests"] = tests;
    };
    expect(await code(nullTests({ randomWalkAuc: 0.5, permutedAuc: 0.5, passed: false }))).toBe(
      "MODEL_NULL_TEST",
    );
    expect(await code(nullTests({ randomWalkAuc: 0.54, permutedAuc: 0.5, passed: true }))).toBe(
      "MODEL_NULL_TEST",
    );
  });
});

describe("what import makes of a report", () => {
  it("counts a proven model's wins by the bins of its calibration, and nothing of an unproven one's", () => {
    const calendar = calendarFacts({ mean: 0.2 });
    const proven = buildModel({
      text: bytes,
      name: "test",
      report: parseTrainingReport(
        trainingReport(text, (report) => Object.assign(report, { calendar })),
        "training.json",
      ),
      nowMs: NOW_MS,
      judge: () => ({ known: [], unseen: 0, holdOutLooks: 0 }),
    }).card.metadata;
    expect(provenWins(proven)).toEqual({ baseRate: 0.41, bins: proven.calibration.bins });
    expect(proven.calibration.bins).toHaveLength(20);
    expect(provenWins(metadata)).toBeNull();
    expect(provenWins({ ...proven, baseRate: null })).toBeNull();
    expect(provenWins({ ...proven, calibration: { ...proven.calibration, bins: [] } })).toBeNull();
  });

  it("sums the bins of each tier and gives the Wilson bound", () => {
    const [tier] = metadata.thresholds;
    expect(tier).toMatchObject({ above: 0.6, count: 800, wins: 52 + 53 + 54 + 55 + 56 + 57 + 58 + 59 });
    // 8 of 10: the interval of Wilson's formula is 0.4902 to 0.9433.
    expect(wilsonLower95(8, 10)).toBeCloseTo(0.4902, 4);
    expect(wilsonLower95(0, 0)).toBe(0);
  });

  it("takes a bare text as unproven, with the objective's own sigmoid and nothing to watch drift by", () => {
    const bare = buildModel({ text: bytes, name: "test", report: null, nowMs: NOW_MS }).card.metadata;
    expect(bare).toMatchObject({ status: "unproven", psi: null, metrics: null, thresholds: [] });
    expect(bare.calibration).toEqual({ type: "sigmoid", a: 1, b: 0, n: 0, range: null, bins: [] });
    expect(bare.expiresUtc).toBe("2026-11-28T00:00:00Z");
  });

  it("refuses other features, a report of another text and a report of another schema", async () => {
    const build = (changed: string, report: string | null) => () =>
      buildModel({
        text: new TextEncoder().encode(changed),
        name: "test",
        report: report === null ? null : parseTrainingReport(report, "training.json"),
        nowMs: NOW_MS,
      });
    const swapped = lightGbmText({
      names: ["order_blocks_count", "market_structure", ...metadata.featureNames.slice(2)],
    });
    expect(await codeOf(build(swapped, null))).toBe("MODEL_FEATURES");
    expect(await codeOf(build(lightGbmText({ seed: 4 }), trainingReport(text)))).toBe("MODEL_REPORT_TEXT");
    const foreign = trainingReport(text, (report) =>
      Object.assign(report["dataset"] as object, { featureSchemaSha256: "0".repeat(64) }),
    );
    expect(await codeOf(build(text, foreign))).toBe("MODEL_SCHEMA");
  });
});
