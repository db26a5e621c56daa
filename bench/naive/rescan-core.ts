import { BAR_FIELDS, SystemClock } from "@smcq/kernel";
import {
  createResultRow,
  DetectorStates,
  KlineRingReader,
  LastFinal,
  ResultRingWriter,
  type ScanReply,
  type ScanTask,
  type ShardMemory,
} from "@smcq/wire";
import { WINDOW_BARS, type WindowScorer } from "./rescan.ts";

/** Scans a shard by looking at the last 100 bars of every symbol that has closed one. */
export class RescanCore {
  readonly #clock = new SystemClock();
  readonly #reader: KlineRingReader;
  readonly #states: DetectorStates;
  readonly #ring: ResultRingWriter;
  readonly #window: WindowScorer;
  readonly #bars = new Float64Array(WINDOW_BARS * BAR_FIELDS);
  readonly #row = createResultRow();
  #takenNs = 0;
  #rows = 0;
  #barCount = 0;

  constructor(memory: ShardMemory, window: WindowScorer) {
    this.#reader = new KlineRingReader(memory.rings);
    this.#states = new DetectorStates(memory.states);
    this.#ring = new ResultRingWriter(memory.results);
    this.#window = window;
  }

  scan({ shardId }: ScanTask): ScanReply {
    this.#takenNs = this.#clock.monoNs();
    this.#rows = 0;
    this.#barCount = 0;
    let isUnfinished = false;
    for (let slot = 0; slot < this.#reader.slots; slot++) {
      const isScanned =
        this.#states.scanned(slot) === this.#reader.tailOf(slot) &&
        this.#states.epoch(slot) === this.#reader.epochOf(slot);
      if (!isScanned && !this.#scanSlot(slot)) isUnfinished = true;
    }
    this.#ring.publish(this.#rows);
    return { shardId, rows: this.#rows, bars: this.#barCount, isUnfinished, refusedSeeds: [] };
  }

  /** Scores every live bar since the last scan; false when the slot has to be tried again. */
  #scanSlot(slot: number): boolean {
    const reader = this.#reader;
    if (!reader.begin(slot)) return false;
    const isSameRun = this.#states.epoch(slot) === reader.epoch;
    const liveFromMs = reader.lastFinal(LastFinal.LiveFromMs);
    for (let index = isSameRun ? this.#states.scanned(slot) : reader.from; index < reader.tail; index++) {
      const from = Math.max(reader.from, index + 1 - WINDOW_BARS);
      if (this.#rows >= this.#ring.room || !reader.copy(from, index + 1, this.#bars)) return false;
      this.#barCount++;
      const count = index + 1 - from;
      if ((this.#bars[(count - 1) * BAR_FIELDS] as number) >= liveFromMs) this.#addRow(slot, count);
    }
    const lastMs = reader.tail === reader.from ? 0 : (this.#bars[(WINDOW_BARS - 1) * BAR_FIELDS] as number);
    this.#states.begin(slot);
    this.#states.commit(slot, reader.tail, reader.epoch, reader.revision, lastMs, 0);
    return true;
  }

  #addRow(slot: number, count: number): void {
    const row = this.#row;
    row.score = this.#window.score(this.#bars, count, row.features);
    row.slot = slot;
    row.side = 1;
    row.setup = 1;
    row.openTimeMs = this.#bars[(count - 1) * BAR_FIELDS] as number;
    row.exchangeMs = this.#reader.lastFinal(LastFinal.ExchangeMs);
    row.receivedNs = this.#reader.lastFinal(LastFinal.ReceivedNs);
    row.writtenNs = this.#reader.lastFinal(LastFinal.WrittenNs);
    row.takenNs = this.#takenNs;
    row.featuresNs = this.#clock.monoNs();
    row.scoredNs = row.featuresNs;
    row.flags = 0;
    this.#ring.write(this.#rows++, row);
  }
}
