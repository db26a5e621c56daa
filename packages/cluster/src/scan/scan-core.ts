import {
  type CandidateCode,
  CandidateScanner,
  FIRST_FEATURE_BAR,
  medianTurnover,
  type Scorer,
  type ScorerRegistry,
  TURNOVER_BARS,
} from "@smcq/features";
import { BarSource } from "@smcq/exchange";
import { BAR_FIELDS, type Clock, FEATURE_COUNT, type ModelEpochs } from "@smcq/kernel";
import {
  type BarSeed,
  ControlBlock,
  createResultRow,
  DetectorStates,
  KlineRingReader,
  LastFinal,
  ResultRingWriter,
  RING_BARS,
  type ResultRow,
  ScanCounter,
  type ScanReply,
  type ScanTask,
  type ShardMemory,
} from "@smcq/wire";
import { CandidateBatch } from "./candidate-batch.ts";
import { PlanFrames } from "./plan-frames.ts";
import { RICH_WIDTH, RichRows } from "./rich-rows.ts";

export interface ScanOptions {
  /** Scores every closed bar as if it were a candidate: the load of the benchmarks, never of a trading run. */
  readonly isEveryBarScored: boolean;
}

/** What one slot's scan leaves to be committed once the results stand. */
interface Touched {
  slot: number;
  scanned: number;
  generation: number;
  revision: number;
  lastScannedMs: number;
  lastCandidateMs: number;
  latencyFromNs: number;
}

/** Facts of the newest bar of the slot in work: a signal of an older bar of the same task carries them too. */
interface LastFacts {
  liveFromMs: number;
  receivedNs: number;
  writtenNs: number;
  exchangeMs: number;
  isRest: boolean;
}

/** Tries to read a slot's bars before the next task has to. */
const COPY_ATTEMPTS_MAX = 3;

/**
 * Scans one shard: for every slot with new bars, ring -> detector -> candidates; then one batch of scores; then the
 * rows; then the commits. The same code runs in a scan thread, in a shard's thread and inline. Where the plan's timeframe is
 * not M1, its bars are made of the same minutes beside the M1 detector, and candidates are theirs alone.
 */
export class ScanCore {
  readonly #clock: Clock;
  readonly #scorers: ScorerRegistry;
  readonly #options: ScanOptions;
  readonly #control: ControlBlock;
  readonly #reader: KlineRingReader;
  readonly #states: DetectorStates;
  readonly #ring: ResultRingWriter;
  readonly #scanner: CandidateScanner;
  readonly #frames: PlanFrames | null;
  /** Null: every model takes rows of v1. */
  readonly #rich: RichRows | null;
  /** What candidates come from: that of the plan's timeframe. */
  readonly #finder: CandidateScanner;
  readonly #batch: CandidateBatch;
  readonly #row: ResultRow = createResultRow();
  readonly #bars: Float64Array = new Float64Array(RING_BARS * BAR_FIELDS);
  readonly #hour: Float64Array = new Float64Array(TURNOVER_BARS * BAR_FIELDS);
  readonly #last: LastFacts = { liveFromMs: 0, receivedNs: 0, writtenNs: 0, exchangeMs: 0, isRest: false };
  readonly #models: ModelEpochs = { model: 0, challenger: 0 };
  readonly #touched: Touched[];
  readonly #shardId: number;
  #touchedCount = 0;
  #isUnfinished = false;
  #barCount = 0;

  constructor(memory: ShardMemory, scorers: ScorerRegistry, clock: Clock, options: ScanOptions) {
    this.#clock = clock;
    this.#scorers = scorers;
    this.#options = options;
    this.#shardId = memory.shardId;
    this.#control = new ControlBlock(memory.control);
    this.#reader = new KlineRingReader(memory.rings);
    this.#states = new DetectorStates(memory.states);
    this.#ring = new ResultRingWriter(memory.results);
    this.#scanner = new CandidateScanner({ m1Buffer: memory.states, carryBuffer: memory.states });
    this.#frames = PlanFrames.of(memory);
    this.#rich = memory.rich === null ? null : new RichRows(memory.shardId, memory.rich);
    this.#finder = this.#frames?.live.scanner ?? this.#scanner;
    this.#batch = new CandidateBatch(this.#ring.capacity, this.#rich === null ? 0 : RICH_WIDTH);
    this.#touched = Array.from({ length: this.#reader.slots }, blankTouched);
  }

  /** Does one task; the caller guarantees that no other scan of this shard is in flight. */
  scan(task: ScanTask): ScanReply {
    const takenNs = this.#clock.monoNs();
    this.#control.enterModels(this.#models);
    this.#batch.count = 0;
    this.#touchedCount = 0;
    this.#isUnfinished = false;
    this.#barCount = 0;
    this.#rich?.startTask();
    const room = this.#ring.room;
    for (let slot = 0; slot < this.#reader.slots; slot++) this.#scanSlot(slot, room);
    const featuresNs = this.#clock.monoNs();
    const rows = this.#batch.count;
    if (rows > 0) this.#score(rows);
    const scoredNs = this.#clock.monoNs();
    if (rows > 0) {
      this.#batch.writeTo(this.#ring, this.#row, { takenNs, featuresNs, scoredNs }, this.#models);
      this.#ring.publish(rows);
    }
    this.#control.leaveModels();
    this.#commit(scoredNs);
    // Last, when every slot is clean: a seed counts from the next bar on.
    const refusedSeeds = task.seeds.filter((seed) => !this.#seed(seed)).map((seed) => seed.slot);
    this.#control.addScan(ScanCounter.Tasks, 1);
    this.#control.addScan(ScanCounter.BarsScanned, this.#barCount);
    this.#control.addScan(ScanCounter.Candidates, rows);
    this.#control.addScan(ScanCounter.ScanNsTotal, scoredNs - takenNs);
    return {
      shardId: this.#shardId,
      rows,
      bars: this.#barCount,
      isUnfinished: this.#isUnfinished,
      refusedSeeds,
    };
  }

  #score(rows: number): void {
    const { scores, challengerScores } = this.#batch;
    const { model, challenger } = this.#models;
    this.#scoreBy(this.#scorers.scorer(model), rows, scores);
    if (challenger === 0) return;
    try {
      this.#scoreBy(this.#scorers.scorer(challenger), rows, challengerScores);
    } catch {
      // A model without weight never costs a signal; that it gave no score, its rows say.
      challengerScores.fill(Number.NaN, 0, rows);
    }
  }

  #scoreBy(scorer: Scorer, rows: number, scores: Float64Array): void {
    const { features, wide } = this.#batch;
    scorer.score((scorer.width ?? FEATURE_COUNT) === FEATURE_COUNT ? features : wide, rows, scores);
  }

  #scanSlot(slot: number, room: number): void {
    const reader = this.#reader;
    const states = this.#states;
    const isClean = states.isClean(slot);
    if (
      isClean &&
      states.scanned(slot) === reader.tailOf(slot) &&
      states.revision(slot) === reader.revisionOf(slot) &&
      states.generation(slot) === reader.generationOf(slot)
    ) {
      return;
    }
    if (!reader.begin(slot)) {
      this.#isUnfinished = true;
      return;
    }
    const isSameGeneration = states.generation(slot) === reader.generation;
    const scanned = states.scanned(slot);
    const isLapped = isSameGeneration && scanned < reader.from;
    const isRebuild = !isClean || !isSameGeneration || isLapped || states.revision(slot) !== reader.revision;
    if (!isRebuild && scanned === reader.tail) return;
    const from = isRebuild ? reader.from : scanned;
    if (!this.#copyBars(slot, from)) return;
    if (isRebuild && isSameGeneration) this.#control.addScan(ScanCounter.Rebuilds, 1);
    if (isLapped) this.#control.addScan(ScanCounter.Laps, 1);
    this.#scanner.attach(states.m1Offset(slot), states.begin(slot));
    if (!isSameGeneration) this.#scanner.resetAll();
    else if (isRebuild) this.#scanner.resetM1();
    if (this.#frames !== null || this.#rich !== null) this.#attachBeside(slot, !isSameGeneration, isRebuild);
    // A new run is warmed up as a whole; what may be told of it, the ring's `liveFromMs` says. Within a run, bars up
    // to the committed one only bring the M1 state back.
    const done = this.#pushBars({
      slot,
      from,
      replayUntilMs: isSameGeneration ? states.lastScannedMs(slot) : -1,
      room,
    });
    this.#touch(slot, from, done, { isRebuild, isSameGeneration });
  }

  /** Moves the plan's timeframe and the rich rows to a slot; a rebuild goes on with the copied minutes. */
  #attachBeside(slot: number, isNew: boolean, isRebuild: boolean): void {
    const fromMs = this.#reader.tail > this.#reader.from ? (this.#bars[0] as number) : 0;
    this.#frames?.attach(slot, { isNew, isRebuild, fromMs });
    this.#rich?.attach(slot);
    if (isNew) this.#rich?.live.resetAll();
  }

  /**
   * Copies [from, tail) and the facts of the last final into the scratch; false when the writer overtook us, replaced
   * a bar or began a new run meanwhile: the next task looks anew at what there is to do.
   */
  #copyBars(slot: number, from: number): boolean {
    const reader = this.#reader;
    const { generation, revision } = reader;
    for (let attempt = 0; attempt < COPY_ATTEMPTS_MAX; attempt++) {
      this.#last.liveFromMs = reader.lastFinal(LastFinal.LiveFromMs);
      this.#last.receivedNs = reader.lastFinal(LastFinal.ReceivedNs);
      this.#last.writtenNs = reader.lastFinal(LastFinal.WrittenNs);
      this.#last.exchangeMs = reader.lastFinal(LastFinal.ExchangeMs);
      this.#last.isRest = reader.lastFinal(LastFinal.Source) === BarSource.Rest;
      const isLastWhole = reader.isLastFinalWhole();
      if (reader.copy(from, reader.tail, this.#bars) && isLastWhole) return true;
      this.#control.addScan(ScanCounter.TornReads, 1);
      if (
        !reader.begin(slot) ||
        reader.generation !== generation ||
        reader.revision !== revision ||
        reader.from > from
      )
        break;
    }
    this.#isUnfinished = true;
    return false;
  }

  /** Pushes the copied bars; returns how many were taken (fewer when the result ring is full). */
  #pushBars(work: { slot: number; from: number; replayUntilMs: number; room: number }): number {
    const { slot, from, replayUntilMs, room } = work;
    const bars = this.#bars;
    const scanner = this.#scanner;
    const frames = this.#frames?.live ?? null;
    const rich = this.#rich;
    const count = this.#reader.tail - from;
    const { liveFromMs } = this.#last;
    for (let index = 0; index < count; index++) {
      const at = index * BAR_FIELDS;
      const openTimeMs = bars[at] as number;
      const open = bars[at + 1] as number;
      const high = bars[at + 2] as number;
      const low = bars[at + 3] as number;
      const close = bars[at + 4] as number;
      const volume = bars[at + 5] as number;
      rich?.live.put(openTimeMs, open, high, low, close, volume);
      if (openTimeMs <= replayUntilMs) {
        scanner.pushM1Only(openTimeMs, open, high, low, close, volume);
        frames?.push(openTimeMs, open, high, low, close, volume);
        continue;
      }
      if (this.#batch.count >= room) {
        this.#isUnfinished = true;
        return index;
      }
      this.#barCount++;
      const own = scanner.push(openTimeMs, open, high, low, close, volume);
      const code = frames === null ? own : frames.push(openTimeMs, open, high, low, close, volume);
      if (openTimeMs < liveFromMs) continue;
      if (code !== 0) this.#addCandidate(slot, code, openTimeMs, from + index);
      else if (this.#options.isEveryBarScored && scanner.barCount > FIRST_FEATURE_BAR)
        this.#addCandidate(slot, 1, openTimeMs, from + index);
    }
    return count;
  }

  /** `bar` is the ring's index of the candidate's bar. */
  #addCandidate(slot: number, code: CandidateCode, openTimeMs: number, bar: number): void {
    const scanner = this.#finder;
    const rich = this.#rich;
    // A row whose history is still on its way would say something else than it means.
    if (rich !== null && !rich.live.isSeeded) return;
    const { features, wide, count } = this.#batch;
    const [side, v1At] = [code < 0 ? (-1 as const) : (1 as const), count * FEATURE_COUNT];
    scanner.features(features, v1At, side);
    rich?.write(wide, count * RICH_WIDTH, { v1: features, v1At, side, slot, openMs: openTimeMs });
    const invalidationPrice = scanner.invalidationPrice(code);
    const turnover = this.#turnoverUpTo(bar);
    this.#batch.add(slot, code, openTimeMs, invalidationPrice, scanner.atr, turnover, this.#last);
  }

  /** Median turnover of the hour that ends with a bar; 0, which nothing can be sized by, where the ring has moved on. */
  #turnoverUpTo(bar: number): number {
    const first = bar + 1 - TURNOVER_BARS;
    const reader = this.#reader;
    if (first < reader.from || !reader.copy(first, bar + 1, this.#hour)) return 0;
    return medianTurnover(this.#hour, 0);
  }

  #touch(
    slot: number,
    from: number,
    done: number,
    run: { readonly isRebuild: boolean; readonly isSameGeneration: boolean },
  ): void {
    const touched = this.#touched[this.#touchedCount++] as Touched;
    touched.slot = slot;
    touched.scanned = from + done;
    touched.generation = this.#reader.generation;
    touched.revision = this.#reader.revision;
    // Replayed bars are never the place to stop (only a new bar can lack room), so this does not go back in a run. A
    // new run of which nothing was scanned yet knows nothing of the old one's bars: its history may begin before them.
    const lastMs = run.isSameGeneration ? this.#states.lastScannedMs(slot) : -1;
    touched.lastScannedMs = done === 0 ? lastMs : (this.#bars[(done - 1) * BAR_FIELDS] as number);
    touched.lastCandidateMs = this.#scanner.lastCandidateOpenMs;
    // A rebuild, or a run of several bars, says nothing of how long one bar took.
    touched.latencyFromNs = run.isRebuild || done !== 1 ? 0 : this.#last.receivedNs;
  }

  #commit(scoredNs: number): void {
    for (let index = 0; index < this.#touchedCount; index++) {
      const done = this.#touched[index] as Touched;
      this.#states.commit(
        done.slot,
        done.scanned,
        done.generation,
        done.revision,
        done.lastScannedMs,
        done.lastCandidateMs,
      );
      if (done.latencyFromNs > 0) this.#control.addLatency((scoredNs - done.latencyFromNs) / 1_000);
    }
  }

  /**
   * Warms a symbol's M5 state, or that of the plan's timeframe, up from the venue's own bars, then replays the ring's later
   * minutes. Returns false when it has to be tried again; a seed of another generation is void and counts as done.
   */
  #seed(seed: BarSeed): boolean {
    const reader = this.#reader;
    const states = this.#states;
    if (!reader.begin(seed.slot)) return false;
    if (reader.generation !== seed.generation) return true;
    if (states.generation(seed.slot) !== seed.generation || !states.isClean(seed.slot)) return false;
    if (seed.part !== null) {
      this.#rich?.seed(seed);
      return true;
    }
    const scanned = states.scanned(seed.slot);
    const to = Math.min(scanned, reader.tail);
    if (to <= reader.from || !reader.copy(reader.from, to, this.#bars)) return false;
    this.#scanner.attach(states.m1Offset(seed.slot), states.begin(seed.slot));
    const minutes = this.#bars.subarray(0, (to - reader.from) * BAR_FIELDS);
    if (this.#frames === null) this.#scanner.reseedM5(seed.bars, minutes);
    else this.#frames.seed(seed.slot, seed.bars, minutes);
    states.commit(
      seed.slot,
      scanned,
      states.generation(seed.slot),
      states.revision(seed.slot),
      states.lastScannedMs(seed.slot),
      states.lastCandidateMs(seed.slot),
    );
    return true;
  }
}

function blankTouched(): Touched {
  return {
    slot: 0,
    scanned: 0,
    generation: 0,
    revision: 0,
    lastScannedMs: 0,
    lastCandidateMs: 0,
    latencyFromNs: 0,
  };
}
