import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Inbox } from "@smcq/cluster";
import type { Signal } from "@smcq/engine";
import { M1_SCALP } from "@smcq/features";
import { ManualClock, MINUTE_MS, type ModelEpochs, silentLogger, SystemClock } from "@smcq/kernel";
import { type LoadedModel, type SharedModels, utcMs } from "@smcq/scoring";
import { describe, expect, it, onTestFinished } from "vitest";
import { LivingModels } from "../src/run/models/run-models.ts";
import { modelVersion } from "../src/run/models/model-watch.ts";
import { until } from "./processes/engine-run.ts";

const wallClock = new SystemClock();
const EXPIRES_UTC = "2027-01-01T00:00:00Z";
const START_MS = utcMs("2026-12-31T23:00:00Z");

const BINS = [{ lower: 0, upper: 1, count: 100, wins: 40 }];

/** A model as its life sees it; `id` stands for its file, too. */
function modelOf(id: string, epoch: number): LoadedModel {
  const isProven = id.startsWith("proven");
  const metadata = {
    status: isProven ? "proven" : "unproven",
    baseRate: 0.4,
    calibration: { bins: BINS },
    expiresUtc: EXPIRES_UTC,
    psi: null,
    metrics: null,
  };
  return { id, epoch, sha256: id, card: { metadata } } as unknown as LoadedModel;
}

/** Models whose file's content is the model's id, and a memory and an inbox that note what they are told. */
class Lab {
  readonly file: string = join(mkdtempSync(join(tmpdir(), "smcq-models-")), "m.txt");
  readonly events: string[] = [];
  readonly clock = new ManualClock(START_MS);
  readonly inbox = new Inbox();
  models: LivingModels | null = null;
  content = "a";
  epochs: ModelEpochs | null = null;
  isEveryModelUsed = false;
  #sizeFactor = 1;

  /** What the core has been told last. */
  get sizeFactor(): number {
    for (let event = this.inbox.take(); event !== undefined; event = this.inbox.take())
      if (event.type === "model") this.#sizeFactor = event.sizeFactor;
    return this.#sizeFactor;
  }

  async start(shadowBars: number, before: (modelId: string) => number = () => 1): Promise<LivingModels> {
    onTestFinished(() => rmSync(join(this.file, ".."), { recursive: true }));
    writeFileSync(this.file, this.content);
    const loaded = {
      file: this.file,
      version: await modelVersion(this.file),
      current: modelOf(this.content, 1),
      challenger: null,
      isRich: false,
      shared: {} as SharedModels,
      loadVersion: async (epoch: number) => modelOf(this.content, epoch),
    };
    const models = new LivingModels(loaded, {
      memory: {
        setModels: (epochs) => void (this.epochs = epochs),
        isModelUsed: () => this.isEveryModelUsed,
      },
      recentBars: { look: () => "gone", generation: 0, count: 0, copyLast: () => false },
      entries: { plan: M1_SCALP, tickSizeOf: () => null },
      inbox: this.inbox,
      sizeFactorBefore: before,
      keep: ({ kind, modelId }) => void this.events.push(`${kind} ${modelId}`),
      shadowBars,
      pollMs: 2,
      venueClock: this.clock,
      wallClock,
      logger: silentLogger,
    });
    this.models = models;
    models.start();
    onTestFinished(() => models.close());
    return models;
  }

  /** Puts a model's file in place and waits for what is made of it. */
  async put(content: string, event: string): Promise<void> {
    this.content = content;
    const from = this.events.length;
    writeFileSync(this.file, `${content}${" ".repeat(from)}`);
    await until(() => this.events.includes(event, from), event);
  }

  /** A row scored by one model, and by another beside it. */
  row(features: number, scorerId: string, beside: string | null = null): void {
    const challenger = beside === null ? null : { scorerId: beside, score: 0.5 };
    const row = { symbol: "BTCUSDT", openTimeMs: 0, score: 0.5, scorerId, challenger };
    this.models?.onSignals([{ ...row, features: new Float32Array(12).fill(features) } as unknown as Signal]);
  }

  minutes(count: number): void {
    this.clock.advance(count * MINUTE_MS);
    this.models?.tick();
  }
}

describe("LivingModels", () => {
  it("does not take a model for healthy because it comes back", async () => {
    const lab = new Lab();
    await lab.start(0);
    lab.row(Number.NaN, "a");
    lab.minutes(1);
    expect(lab.sizeFactor).toBe(0);
    await lab.put("b", "swapped b");
    expect(lab.sizeFactor).toBe(1);
    await lab.put("a", "rolled-back a");
    expect(lab.sizeFactor).toBe(0);
  });

  it("tells the core what a proven model's card counts, and that nothing is proven of another", async () => {
    const lab = new Lab();
    lab.content = "proven-a";
    await lab.start(0);
    const told = (): unknown => {
      const event = lab.inbox.take();
      return event?.type === "model" ? [event.scorerId, event.wins] : event;
    };
    expect(told()).toEqual(["proven-a", { baseRate: 0.4, bins: BINS }]);
    await lab.put("b", "swapped b");
    expect(told()).toEqual(["b", null]);
    await lab.put("proven-a", "rolled-back proven-a");
    expect(told()).toEqual(["proven-a", { baseRate: 0.4, bins: BINS }]);
  });

  it("begins as badly as its model ended the run before, and tells so again", async () => {
    const lab = new Lab();
    const models = await lab.start(0, (modelId) => (modelId === "a" ? 0 : 1));
    expect([lab.sizeFactor, models.report().health?.level]).toEqual([0, "observe-only"]);
    expect(lab.events.at(-1)).toBe("health a");
    lab.minutes(200);
    // Time alone heals nothing: there are no rows to judge by.
    expect(lab.sizeFactor).toBe(0);
  });

  it("judges a new version by the rows of its shadow", async () => {
    const lab = new Lab();
    const models = await lab.start(1);
    await lab.put("b", "shadow-begun b");
    lab.row(1, "a", "b");
    lab.row(Number.NaN, "a", "b");
    lab.minutes(2);
    expect(lab.events.slice(-2)).toEqual(["swapped b", "health b"]);
    expect([lab.epochs?.model, lab.sizeFactor, models.report().health?.rows]).toEqual([2, 0, 2]);
  });

  it("only observes from the minute on in which the model expires", async () => {
    const lab = new Lab();
    const models = await lab.start(0);
    lab.minutes(59);
    expect([lab.sizeFactor, models.report().isModelExpired]).toEqual([1, false]);
    lab.minutes(1);
    expect([lab.sizeFactor, models.report().isModelExpired]).toEqual([0, true]);
    expect(lab.events).toEqual(["loaded a", "health a"]);
  });

  it("lets a version that gave no probabilities come back by its shadow only", async () => {
    const lab = new Lab();
    const models = await lab.start(0);
    await lab.put("b", "swapped b");
    models.onInvalidScores(2, 1);
    expect(lab.events.at(-1)).toBe("rolled-back a");
    expect([lab.epochs?.model, lab.sizeFactor]).toEqual([1, 1]);
    await lab.put("b", "swapped b");
    expect(lab.events.slice(-3)).toEqual(["shadow-begun b", "shadow-ended b", "swapped b"]);
  });

  it("closes while a new version waits for a slot", async () => {
    const lab = new Lab();
    const models = await lab.start(0);
    // Epochs go on from the last one, so that five models have been in every slot.
    for (const id of ["b", "c", "d", "e"]) await lab.put(id, `swapped ${id}`);
    lab.isEveryModelUsed = true;
    lab.content = "f";
    writeFileSync(lab.file, "f, which finds every slot in use");
    await new Promise<void>((resolve) => void wallClock.after(50, resolve));
    await models.close();
    expect(models.report().model).toBe("e");
  });
});
