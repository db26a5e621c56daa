import { SmcDetector } from "@smcq/smc";
import { describe, expect, it } from "vitest";
import { OrderBlockTracker } from "../src/trackers/order-block-tracker.ts";
import { stateViews } from "../src/state-layout.ts";

function openBook(): OrderBlockTracker {
  const book = new OrderBlockTracker(stateViews(new ArrayBuffer(SmcDetector.BYTES)), null);
  book.attach(0);
  book.reset();
  return book;
}

describe("the far edges of the order blocks touched on a bar", () => {
  it("are the lowest bottom of the up side and the highest top of the down side, in any order of birth", () => {
    const below = [
      { top: 98, bottom: 94 },
      { top: 99, bottom: 92 },
      { top: 97, bottom: 95 },
    ];
    for (const zones of [below, below.toReversed(), [below[1]!, below[0]!, below[2]!]]) {
      const book = openBook();
      for (const [k, { top, bottom }] of zones.entries()) {
        book.add(30 + k, 1, 25, top, bottom);
        book.add(30 + k, -1, 25, 200 - bottom, 200 - top);
      }
      // Untouched, and thus not asked: a block further down.
      book.add(33, 1, 25, 80, 70);
      book.advance(40, 103.5, 96.5, 100);
      expect([book.setupSides, book.setupBottom, book.setupTop]).toEqual([3, 92, 108]);
    }
  });

  it("forget the bar before, and leave breakers out", () => {
    const book = openBook();
    book.add(30, 1, 25, 98, 90);
    book.add(30, 1, 25, 96, 95);
    book.add(30, -1, 25, 103, 102);
    book.advance(40, 101, 97, 100);
    expect([book.setupSides, book.setupBottom]).toEqual([1, 90]);
    // The close breaks the block above, which turns into a breaker below and is touched as one two bars later.
    book.advance(41, 110, 105, 110);
    expect(book.setupSides).toBe(0);
    book.advance(42, 110, 95.5, 109);
    expect([book.setupSides, book.setupBottom]).toEqual([1, 95]);
  });
});
