import { assert, type SymbolId, symbolId } from "@smcq/kernel";

export interface SlotEntry {
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly shardId: number;
  readonly slot: number;
  /** Bars that have closed by now raise signals too when they open at that time or later, venue ms; absent: none of them does. */
  readonly liveFromMs?: number;
}

/** How a symbol comes into the table. */
export interface SlotWish {
  readonly isOpen?: (shardId: number) => boolean;
  readonly liveFromMs?: number | null;
}

/**
 * Which symbol lives in which slot of which shard. Ids are never given again in a run; a freed slot is
 * given again only after `settle`, when no row or task of its former symbol can be under way.
 */
export class SlotTable {
  readonly shardCount: number;
  readonly slotsPerShard: number;
  readonly #bySlot: (SlotEntry | null)[][];
  readonly #bySymbol = new Map<string, SlotEntry>();
  readonly #leaving: Set<number>[];
  readonly #given = new Set<SymbolId>();
  /** Numbers that symbols have had before. */
  readonly #known: ReadonlyMap<string, SymbolId>;
  #nextId: number;

  constructor(shardCount: number, slotsPerShard: number, known: ReadonlyMap<string, SymbolId> = new Map()) {
    this.#known = known;
    this.#nextId = Math.max(-1, ...known.values()) + 1;
    this.shardCount = shardCount;
    this.slotsPerShard = slotsPerShard;
    this.#bySlot = Array.from({ length: shardCount }, () =>
      Array.from({ length: slotsPerShard }, () => null),
    );
    this.#leaving = Array.from({ length: shardCount }, () => new Set<number>());
  }

  get size(): number {
    return this.#bySymbol.size;
  }

  /** Gives a symbol a slot in the open shard with most room; null when every slot is taken. */
  add(symbol: string, { isOpen = () => true, liveFromMs = null }: SlotWish = {}): SlotEntry | null {
    assert(!this.#bySymbol.has(symbol), "Invariant: a symbol has one slot");
    const loads = this.#bySlot
      .map((slots, shardId) => ({
        shardId,
        taken: slots.filter((entry) => entry !== null).length + (this.#leaving[shardId]?.size ?? 0),
      }))
      .filter(({ shardId }) => isOpen(shardId));
    const best = loads.toSorted((a, b) => a.taken - b.taken || a.shardId - b.shardId)[0];
    if (best === undefined || best.taken >= this.slotsPerShard) return null;
    const slots = this.#slotsOf(best.shardId);
    const slot = slots.findIndex(
      (entry, index) => entry === null && !this.#leavingOf(best.shardId).has(index),
    );
    const place = { symbolId: this.#idOf(symbol), symbol, shardId: best.shardId, slot };
    const entry: SlotEntry = liveFromMs === null ? place : { ...place, liveFromMs };
    slots[slot] = entry;
    this.#bySymbol.set(symbol, entry);
    return entry;
  }

  /** Takes a symbol out; its slot stays closed until `settle`. */
  remove(symbol: string): SlotEntry | null {
    const entry = this.#bySymbol.get(symbol);
    if (entry === undefined) return null;
    this.#bySymbol.delete(symbol);
    this.#slotsOf(entry.shardId)[entry.slot] = null;
    this.#leavingOf(entry.shardId).add(entry.slot);
    return entry;
  }

  /**
   * Opens the slots that were freed in a shard and that its thread has vacated; to be called while no scan of the
   * shard is under way: then nothing of their former symbols is.
   */
  settle(shardId: number, isVacant: (slot: number) => boolean = () => true): void {
    const leaving = this.#leavingOf(shardId);
    for (const slot of leaving) if (isVacant(slot)) leaving.delete(slot);
  }

  at(shardId: number, slot: number): SlotEntry | null {
    return this.#slotsOf(shardId)[slot] ?? null;
  }

  of(symbol: string): SlotEntry | null {
    return this.#bySymbol.get(symbol) ?? null;
  }

  /** Entries of one shard in slot order. */
  ofShard(shardId: number): readonly SlotEntry[] {
    return this.#slotsOf(shardId).filter((entry) => entry !== null);
  }

  all(): readonly SlotEntry[] {
    return [...this.#bySymbol.values()];
  }

  /** A symbol that was known has its number again when it comes first; who comes again in a process is another one. */
  #idOf(symbol: string): SymbolId {
    const known = this.#known.get(symbol);
    if (known === undefined || this.#given.has(known)) return symbolId(this.#nextId++);
    this.#given.add(known);
    return known;
  }

  #slotsOf(shardId: number): (SlotEntry | null)[] {
    const slots = this.#bySlot[shardId];
    assert(slots !== undefined, "Invariant: a shard id lies inside the table");
    return slots;
  }

  #leavingOf(shardId: number): Set<number> {
    const leaving = this.#leaving[shardId];
    assert(leaving !== undefined, "Invariant: a shard id lies inside the table");
    return leaving;
  }
}
