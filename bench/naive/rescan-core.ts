import { BAR_FIELDS, FEATURE_COUNT, SystemClock } from "@smcq/kernel";
import {
  createResultRow,
  DetectorStates,
  KlineRingReader,
  LastFinal,
  ResultRingWriter,
  type ResultRow,
  type ScanReply,
  type ScanTask,
  type ShardMemory,
} from "@smcq/wire";
import type { OrtRival } from "../model/ort-rival.ts";
import { confidenceOf, MODEL_EPOCH } from "../pipeline/pipeline-model.ts";
import { WINDOW_BARS, type WindowLook } from "./rescan.ts";

/**
 * Scans a shard by looking at the last 100 bars of every symbol that has closed one; ONNX Runtime scores them, a task
 * at a time.
 */
export class RescanCore {
  readonly #clock = new SystemClock();
  readonly #reader: KlineRingReader;
  readonly #states: DetectorStates;
  readonly #ring: ResultRingWriter;
  readonly #window: WindowLook;
  readonly #ort: OrtRival;
  /** Made once, filled again and again. */
  readonly #rows: ResultRow[] = [];
  #found = 0;
  readonly #bars = new Float64Array(WINDOW_BARS * BAR_FIELDS);
  #takenNs = 0;
  #barCount = 0;

  constructor(memory: ShardMemory, window: WindowLook, ort: OrtRival) {
    this.#reader = new KlineRingReader(memory.rings);
    this.#states = new DetectorStates(memory.states);
    this.#ring = new ResultRingWriter(memory.results);
    this.#window = window;
    this.#ort = ort;
  }

  async scan({ shardId }: ScanTask): Promise<ScanReply> {
    this.#takenNs = this.#clock.monoNs();
    this.#found = 0;
    this.#barCount = 0;
    let isUnfinished = false;
    for (let slot = 0; slot < this.#reader.slots; slot++) {
      const isScanned =
        this.#states.scanned(slot) === this.#reader.tailOf(slot) &&
        this.#states.generation(slot) === this.#reader.generationOf(slot);
      if (!isScanned && !this.#scanSlot(slot)) isUnfinished = true;
    }
    const rows = this.#found;
    if (rows > 0) await this.#score();
    this.#ring.publish(rows);
    return { shardId, rows, bars: this.#barCount, isUnfinished, refusedSeeds: [] };
  }

  /** Scores every live bar since the last scan; false when the slot has to be tried again. */
  #scanSlot(slot: number): boolean {
    const reader = this.#reader;
    if (!reader.begin(slot)) return false;
    const isSameRun = this.#states.generation(slot) === reader.generation;
    const liveFromMs = reader.lastFinal(LastFinal.LiveFromMs);
    for (let index = isSameRun ? this.#states.scanned(slot) : reader.from; index < reader.tail; index++) {
      const from = Math.max(reader.from, index + 1 - WINDOW_BARS);
      if (this.#found >= this.#ring.room || !reader.copy(from, index + 1, this.#bars)) return false;
      this.#barCount++;
      const count = index + 1 - from;
      if ((this.#bars[(count - 1) * BAR_FIELDS] as number) >= liveFromMs) this.#addRow(slot, count);
    }
    const lastMs = reader.tail === reader.from ? 0 : (this.#bars[(WINDOW_BARS - 1) * BAR_FIELDS] as number);
    this.#states.begin(slot);
    this.#states.commit(slot, reader.tail, reader.generation, reader.revision, lastMs, 0);
    return true;
  }

  #addRow(slot: number, count: number): void {
    const row = (this.#rows[this.#found++] ??= createResultRow());
    this.#window.look(this.#bars, count, row.features);
    row.slot = slot;
    row.side = 1;
    row.setup = 1;
    row.openTimeMs = this.#bars[(count - 1) * BAR_FIELDS] as number;
    row.exchangeMs = this.#reader.lastFinal(LastFinal.ExchangeMs);
    row.receivedNs = this.#reader.lastFinal(LastFinal.ReceivedNs);
    row.writtenNs = this.#reader.lastFinal(LastFinal.WrittenNs);
    row.takenNs = this.#takenNs;
    row.featuresNs = this.#clock.monoNs();
    row.modelEpoch = MODEL_EPOCH;
  }

  async #score(): Promise<void> {
    const found = this.#rows.slice(0, this.#found);
    const features = new Float32Array(found.length * FEATURE_COUNT);
    found.forEach((row, index) => features.set(row.features, index * FEATURE_COUNT));
    const margins = await this.#ort.margins(features);
    const scoredNs = this.#clock.monoNs();
    found.forEach((row, index) => {
      row.score = confidenceOf(margins[index] as number);
      row.scoredNs = scoredNs;
      this.#ring.write(index, row);
    });
  }
}
