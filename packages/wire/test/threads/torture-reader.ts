import { BAR_FIELDS, Rng } from "@smcq/kernel";
import { KlineRingReader, LastFinal, RING_BARS } from "@smcq/wire";
import { EPOCH_STRIDE, isOneBar, openTimeOf, T0, Word } from "./torture-protocol.ts";
import type { ReaderReport, TortureData } from "./torture-protocol.ts";

/** One of several readers: copies windows of random length at random lag and looks at what the verdict let through. */
export class TortureReader {
  readonly #words: Int32Array;
  readonly #rng: Rng;
  readonly #reader: KlineRingReader;
  readonly #out: Float64Array = new Float64Array(RING_BARS * BAR_FIELDS);
  readonly #formingOut: Float64Array = new Float64Array(7);
  readonly #faults: string[] = [];
  readonly #counts = {
    reads: 0,
    accepted: 0,
    acceptedOvertaken: 0,
    refused: 0,
    refusedAtBegin: 0,
    mixedRefused: 0,
    soundRefused: 0,
    oldestAccepted: 0,
    formingAccepted: 0,
    formingRefused: 0,
    lastFinalAccepted: 0,
    lastFinalRefused: 0,
    lastFinalMixedRefused: 0,
    faultCount: 0,
  };
  #spun = 0;

  constructor(data: TortureData) {
    this.#words = new Int32Array(data.words);
    this.#rng = new Rng(data.seed);
    this.#reader = new KlineRingReader(data.rings);
  }

  run(): ReaderReport {
    const counts = this.#counts;
    let reported = 0;
    let reportedMixed = 0;
    while (Atomics.load(this.#words, Word.Stop) === 0) {
      for (let turn = 0; turn < 200; turn++) this.#readOnce(this.#rng.int(this.#reader.slots));
      Atomics.add(this.#words, Word.Reads, counts.reads - reported);
      Atomics.add(this.#words, Word.Mixed, counts.mixedRefused - reportedMixed);
      reported = counts.reads;
      reportedMixed = counts.mixedRefused;
    }
    if (this.#reader.tornCount !== counts.refused) this.#fault(`tornCount is ${this.#reader.tornCount}`);
    return { role: "reader", ...counts, faults: this.#faults };
  }

  #fault(text: string): void {
    this.#counts.faultCount++;
    if (this.#faults.length < 5) this.#faults.push(text);
  }

  #windowLength(): number {
    const kind = this.#rng.next();
    return 1 + this.#rng.int(kind < 0.5 ? 8 : kind < 0.8 ? 64 : RING_BARS);
  }

  #readOnce(slot: number): void {
    const reader = this.#reader;
    const counts = this.#counts;
    this.#readForming(slot);
    if (!reader.begin(slot)) {
      counts.refusedAtBegin++;
      return;
    }
    const { tail, generation, runStart } = reader;
    if (tail < runStart) {
      // A reset came between begin's own looks.
      this.#fault(`begin took a run that starts at ${runStart} and ends at ${tail}`);
      return;
    }
    // Mostly a window near the end; sometimes the whole range offered, or one bar more: the very oldest cell.
    const kind = this.#rng.next();
    const wanted = kind < 0.8 ? tail - this.#windowLength() : kind < 0.9 ? reader.from : tail - RING_BARS;
    const from = Math.max(runStart, wanted, 0);
    if (this.#rng.chance(0.2)) this.#lag();
    const liveFromMs = reader.lastFinal(LastFinal.LiveFromMs);
    const isAccepted = reader.copy(from, tail, this.#out);
    counts.reads++;
    if (!isAccepted) {
      counts.refused++;
      if (this.#hasMix(tail - from)) counts.mixedRefused++;
      else counts.soundRefused++;
      return;
    }
    counts.accepted++;
    if (from === tail - RING_BARS) counts.oldestAccepted++;
    if (reader.tailOf(slot) !== tail) counts.acceptedOvertaken++;
    this.#check(from, tail, generation * EPOCH_STRIDE - runStart);
    // A run that a recovery voided is empty and keeps the old boundary until it is reset.
    if (tail > runStart && liveFromMs !== T0 + generation)
      this.#fault(`run ${generation} has liveFromMs ${liveFromMs}`);
    this.#readLastFinal(generation * EPOCH_STRIDE + tail - 1 - runStart, tail > runStart);
  }

  #lag(): void {
    const turns = this.#rng.int(this.#rng.chance(0.1) ? 60_000 : 1500);
    for (let turn = 0; turn < turns; turn++) this.#spun = (this.#spun + turn) | 0;
  }

  /** True when a bar of the scratch is made of two. */
  #hasMix(count: number): boolean {
    for (let at = 0; at < count * BAR_FIELDS; at += BAR_FIELDS) if (!isOneBar(this.#out, at)) return true;
    return false;
  }

  /** An accepted copy holds exactly the bars asked for, each in one piece. */
  #check(from: number, to: number, sequenceOfZero: number): void {
    for (let index = from; index < to; index++) {
      const at = (index - from) * BAR_FIELDS;
      if (this.#out[at] !== openTimeOf(sequenceOfZero + index) || !isOneBar(this.#out, at)) {
        this.#fault(`bar ${index} of [${from}, ${to}): ${this.#out.subarray(at, at + BAR_FIELDS).join(" ")}`);
        return;
      }
    }
  }

  #readForming(slot: number): void {
    const out = this.#formingOut;
    if (!this.#reader.forming(slot, out)) {
      this.#counts.formingRefused++;
      return;
    }
    this.#counts.formingAccepted++;
    const first = out[0] as number;
    // All zeros: no forming bar since the reset.
    const step = first === 0 && out[6] === 0 ? 0 : 1;
    for (let field = 1; field < 7; field++)
      if (out[field] !== first + step * field) {
        this.#fault(`forming ${out.join(" ")}`);
        return;
      }
  }

  #readLastFinal(sequence: number, hasBars: boolean): void {
    if (!hasBars) return;
    const reader = this.#reader;
    const received = reader.lastFinal(LastFinal.ReceivedNs);
    const written = reader.lastFinal(LastFinal.WrittenNs);
    const exchange = reader.lastFinal(LastFinal.ExchangeMs);
    const source = reader.lastFinal(LastFinal.Source);
    const isOne = written === received + 1 && exchange === received + 2 && source === received + 3;
    if (reader.isLastFinalWhole()) {
      this.#counts.lastFinalAccepted++;
      if (!isOne || received !== sequence + 1)
        this.#fault(`last final of ${sequence}: ${received} ${written} ${exchange} ${source}`);
      return;
    }
    this.#counts.lastFinalRefused++;
    if (!isOne) this.#counts.lastFinalMixedRefused++;
  }
}
