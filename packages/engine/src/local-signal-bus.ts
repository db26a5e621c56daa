import {
  type Following,
  type FollowOptions,
  type ScannerWord,
  type SignalBus,
  type SignalBusCounts,
  wordId,
} from "./signal-bus.ts";

/** Words that are kept for readers; of more, the oldest are dropped. */
export const LOCAL_WORDS_MAX = 16_384;
/** Ids that are known again. */
const IDS_MAX = 65_536;

interface Place {
  /** Number of the last word that was acknowledged. */
  acknowledged: number;
  /** Null: nobody listens now. */
  current: FollowOptions | null;
}

/** The bus of one process: words are told within `publish`, to whoever follows. */
export class LocalSignalBus implements SignalBus {
  readonly #wordsMax: number;
  readonly #words: { readonly number: number; readonly word: ScannerWord }[] = [];
  readonly #ids = new Set<string>();
  readonly #places = new Map<string, Place>();
  #last = 0;
  #counts = { published: 0, kept: 0, known: 0, dropped: 0, heard: 0, acknowledged: 0 };

  constructor(wordsMax: number = LOCAL_WORDS_MAX) {
    this.#wordsMax = wordsMax;
  }

  get counts(): SignalBusCounts {
    return { ...this.#counts, waiting: 0, poison: 0, lag: this.#words.length };
  }

  get settledTo(): number {
    return this.#counts.published;
  }

  publish(word: ScannerWord): number {
    const number = ++this.#counts.published;
    const id = wordId(word);
    if (id !== null && this.#ids.has(id)) {
      this.#counts.known++;
      return number;
    }
    if (id !== null) this.#remember(id);
    this.#counts.kept++;
    const kept = { number: ++this.#last, word };
    this.#words.push(kept);
    if (this.#words.length > this.#wordsMax) {
      this.#words.shift();
      this.#counts.dropped++;
    }
    for (const place of this.#places.values()) this.#tell(place, kept);
    return number;
  }

  async follow(options: FollowOptions): Promise<Following> {
    const place = this.#places.get(options.reader) ?? { acknowledged: 0, current: null };
    this.#places.set(options.reader, place);
    const before = place.current;
    place.current = options;
    before?.onDisplaced();
    for (const kept of this.#words.filter(({ number }) => number > place.acknowledged))
      this.#tell(place, kept);
    return {
      stop: async () => {
        if (place.current === options) place.current = null;
      },
    };
  }

  async close(): Promise<void> {
    for (const place of this.#places.values()) place.current = null;
  }

  #tell(place: Place, { number, word }: { readonly number: number; readonly word: ScannerWord }): void {
    if (place.current === null) return;
    this.#counts.heard++;
    place.current.onWord(word, () => this.#acknowledge(place, number));
  }

  #acknowledge(place: Place, number: number): void {
    this.#counts.acknowledged++;
    place.acknowledged = Math.max(place.acknowledged, number);
    const allMin = Math.min(...[...this.#places.values()].map(({ acknowledged }) => acknowledged));
    while ((this.#words[0]?.number ?? Number.POSITIVE_INFINITY) <= allMin) this.#words.shift();
  }

  #remember(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= IDS_MAX) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
