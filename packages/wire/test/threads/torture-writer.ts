import { Rng } from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";
import { RawRing } from "../support/ring-bars.ts";
import { EPOCH_STRIDE, openTimeOf, priceOf, T0, VERSIONS, Word } from "./torture-protocol.ts";
import type { TortureData, WriterReport } from "./torture-protocol.ts";

interface Slot {
  readonly raw: RawRing;
  generation: number;
  count: number;
}

/** The one writer: hammers the slots, resets, replaces, and now and then dies between two stores. */
export class TortureWriter {
  readonly #rings: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #rng: Rng;
  readonly #slots: Slot[];
  #writer: KlineRingWriter;
  #appends = 0;
  #replacements = 0;
  #resets = 0;
  #deaths = 0;
  #spun = 0;

  constructor(data: TortureData) {
    this.#rings = data.rings;
    this.#words = new Int32Array(data.words);
    this.#rng = new Rng(data.seed);
    this.#writer = new KlineRingWriter(data.rings);
    this.#slots = Array.from({ length: this.#writer.slots }, (_, slot) => ({
      raw: new RawRing(data.rings, slot),
      generation: 0,
      count: 0,
    }));
    for (let slot = 0; slot < this.#slots.length; slot++) this.#reset(slot);
  }

  run(): WriterReport {
    while (Atomics.load(this.#words, Word.Stop) === 0) {
      const slot = this.#rng.int(this.#slots.length);
      const burst = 1 + this.#rng.int(96);
      for (let done = 0; done < burst; done++) this.#append(slot);
      const action = this.#rng.next();
      if (action < 0.08) this.#replace(slot);
      else if (action < 0.082) this.#reset(slot);
      else if (action < 0.09) this.#dieAppending(slot);
      else if (action < 0.092) this.#dieReplacing(slot);
      // Now and then readers get the time for a long copy.
      if (this.#rng.chance(0.3)) this.#spin(this.#rng.int(20_000));
    }
    return {
      role: "writer",
      appends: this.#appends,
      replacements: this.#replacements,
      resets: this.#resets,
      deaths: this.#deaths,
    };
  }

  #spin(turns: number): void {
    for (let turn = 0; turn < turns; turn++) this.#spun = (this.#spun + turn) | 0;
  }

  #reset(slot: number): void {
    const state = this.#slots[slot] as Slot;
    this.#syncEpoch(state);
    state.generation++;
    state.count = 0;
    this.#writer.reset(slot, T0 + state.generation);
    this.#resets++;
  }

  /** The ring's own generation is the number of the run; a recovery that voids a run raises it, too. */
  #syncEpoch(state: Slot): void {
    state.generation = state.raw.word("generation");
  }

  #append(slot: number): void {
    const state = this.#slots[slot] as Slot;
    const sequence = state.generation * EPOCH_STRIDE + state.count;
    const version = (this.#appends * 2) & (VERSIONS - 1);
    const price = priceOf(sequence, version);
    this.#writer.forming(
      slot,
      sequence,
      sequence + 1,
      sequence + 2,
      sequence + 3,
      sequence + 4,
      sequence + 5,
      sequence + 6,
    );
    this.#writer.append(
      slot,
      openTimeOf(sequence),
      price + 1,
      price + 3,
      price,
      price + 2,
      sequence + version / VERSIONS,
      sequence + 4,
      sequence + 3,
      sequence + 1,
      sequence + 2,
    );
    state.count++;
    this.#appends++;
  }

  #replace(slot: number): void {
    const state = this.#slots[slot] as Slot;
    if (state.count === 0) return;
    const back = this.#rng.int(Math.min(state.count, 512));
    const sequence = state.generation * EPOCH_STRIDE + state.count - 1 - back;
    // Odd, and another one each time: a bar is never replaced by its own numbers.
    const version = (this.#replacements * 2 + 1) & (VERSIONS - 1);
    const price = priceOf(sequence, version);
    const volume = sequence + version / VERSIONS;
    const isReplaced = this.#writer.replace(
      slot,
      openTimeOf(sequence),
      price + 1,
      price + 3,
      price,
      price + 2,
      volume,
    );
    if (!isReplaced) throw new Error(`bar ${sequence} of a run of ${state.count} was not replaced`);
    this.#replacements++;
  }

  /** Leaves an append half done, then goes on as the thread that took over. */
  #dieAppending(slot: number): void {
    const { raw, generation, count } = this.#slots[slot] as Slot;
    const tail = raw.word("tail");
    const cell = tail & 511;
    const sequence = generation * EPOCH_STRIDE + count;
    const stores = this.#rng.int(8);
    Atomics.store(raw.i32, raw.wordIndex("intent"), tail + 1);
    if (stores > 0) raw.setDouble("openTime", cell, openTimeOf(sequence));
    if (stores > 1) raw.setDouble("open", cell, -1);
    if (stores > 3) raw.setDouble("close", cell, -2);
    if (stores > 5) raw.setDouble("receivedNs", 0, sequence + 1);
    this.#takeOver(slot, true);
  }

  /** Leaves a replacement half done, which voids the run. */
  #dieReplacing(slot: number): void {
    const state = this.#slots[slot] as Slot;
    if (state.count === 0) return;
    const { raw } = state;
    const cell = (raw.word("tail") - 1 - this.#rng.int(Math.min(state.count, 512))) & 511;
    Atomics.add(raw.i32, raw.wordIndex("revision"), 1);
    raw.setDouble("open", cell, -3);
    raw.setDouble("volume", cell, -4);
    if (this.#rng.chance(0.5)) this.#spin(2000);
    this.#takeOver(slot, false);
    this.#reset(slot);
  }

  #takeOver(slot: number, isWholeExpected: boolean): void {
    this.#writer = new KlineRingWriter(this.#rings);
    if (this.#writer.recover(slot) !== isWholeExpected) throw new Error("a recovery found what nobody left");
    const state = this.#slots[slot] as Slot;
    const lastMs = openTimeOf(state.generation * EPOCH_STRIDE + state.count - 1);
    const wanted = isWholeExpected && state.count > 0 ? lastMs : -1;
    if (this.#writer.lastOpenMs(slot) !== wanted)
      throw new Error(`after the recovery the run ends at ${this.#writer.lastOpenMs(slot)}, not ${wanted}`);
    this.#deaths++;
  }
}
