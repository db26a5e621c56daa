import { describe, expect, it } from "vitest";
import { ClusterMemory, SlotTable } from "../src/index.ts";

describe("SlotTable", () => {
  it("spreads symbols evenly and gives ids in order", () => {
    const table = new SlotTable(3, 4);
    const entries = Array.from({ length: 7 }, (_, index) => table.add(`S${index}`));
    expect(entries.map((entry) => entry?.symbolId)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([0, 1, 2].map((shardId) => table.ofShard(shardId).length)).toEqual([3, 2, 2]);
  });

  it("gives a listing to the shard with most room", () => {
    const table = new SlotTable(2, 4);
    for (const symbol of ["A", "B", "C"]) table.add(symbol);
    expect(table.add("D")?.shardId).toBe(1);
  });

  it("refuses a symbol when every slot is taken", () => {
    const table = new SlotTable(1, 2);
    table.add("A");
    table.add("B");
    expect(table.add("C")).toBeNull();
  });

  it("keeps a freed slot closed until the shard is settled", () => {
    const table = new SlotTable(1, 2);
    table.add("A");
    table.add("B");
    table.remove("A");
    expect(table.at(0, 0)).toBeNull();
    expect(table.add("C")).toBeNull();
    table.settle(0);
    expect(table.add("C")).toMatchObject({ slot: 0, symbolId: 2 });
  });

  it("opens only those freed slots that their thread has vacated", () => {
    const table = new SlotTable(1, 2);
    table.add("A");
    table.add("B");
    table.remove("A");
    table.remove("B");
    table.settle(0, (slot) => slot === 1);
    expect(table.add("C")).toMatchObject({ slot: 1 });
    expect(table.add("D")).toBeNull();
    table.settle(0);
    expect(table.add("D")).toMatchObject({ slot: 0 });
  });

  it("gives nothing to a shard that is off", () => {
    const table = new SlotTable(2, 2);
    const isOpen = (shardId: number): boolean => shardId === 1;
    expect(table.add("A", { isOpen })?.shardId).toBe(1);
    expect(table.add("B", { isOpen })?.shardId).toBe(1);
    expect(table.add("C", { isOpen })).toBeNull();
  });
});

describe("ClusterMemory", () => {
  it("puts each symbol where it belongs, and refuses one whose shard is full", () => {
    const shardOf = (symbol: string): number => Number(symbol === "B");
    const { slots } = new ClusterMemory({
      symbols: ["A", "B", "C"],
      shards: 2,
      place: { shardOf, slotsPerShard: 2 },
    });
    expect(slots.all().map(({ symbol, shardId }) => `${symbol}${shardId}`)).toEqual(["A0", "B1", "C0"]);
    expect(slots.add("D", { isOpen: (shardId) => shardId === shardOf("D") })).toBeNull();
  });

  it("has room for as many as there may be", () => {
    const memory = new ClusterMemory({ symbols: [], shards: 2, symbolsMax: 10 });
    expect(memory.slots.slotsPerShard).toBe(15);
  });
});
