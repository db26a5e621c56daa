import type { VenueEvent } from "../orders.ts";
import type { VenueFloor } from "../venue-floor.ts";
import type { VenueJournal, VenueRow } from "./rows.ts";

/** Keeps a venue in rows, and takes it up again from them. What a symbol costs and its rules are its lister's to know. */
export class VenueKeeping {
  readonly #floor: VenueFloor;

  constructor(floor: VenueFloor) {
    this.#floor = floor;
  }

  /** From now on whatever a call changes is written before anybody hears of it. */
  writeTo(journal: VenueJournal): void {
    this.#floor.journal = journal;
  }

  /** Writes where markets have gone since the last call that changed something; the caller commits. */
  writeMarkets(): void {
    this.#floor.writeTouched();
  }

  /** Everything that is kept, as rows that make it again. Its symbols have to be listed first. */
  *rows(): Iterable<VenueRow> {
    const { orders, book } = this.#floor;
    for (const order of orders.endedOrders()) yield ["order", order];
    for (const algo of orders.endedAlgos()) yield ["algo", algo];
    yield ["seats", orders.seats()];
    for (const order of orders.allOrders) yield ["order", order];
    for (const algo of orders.allAlgos) yield ["algo", algo];
    for (const trade of book.allTrades()) yield ["trade", trade];
    for (const row of book.income(0)) yield ["income", row];
    for (const symbolId of this.#floor.listedIds()) yield ["symbol", this.#floor.symbolRow(symbolId)];
    yield ["floor", this.#floor.floorRow()];
  }

  /** Takes a row up; nobody is told of it. */
  restore(row: VenueRow): void {
    const { orders, book } = this.#floor;
    switch (row[0]) {
      case "told":
        this.#restoreTold(row[1]);
        return;
      case "order":
        orders.keep(row[1]);
        return;
      case "algo":
        orders.keepAlgo(row[1]);
        return;
      case "trade":
        book.addTrade(row[1]);
        return;
      case "income":
        book.takeUp(row[1]);
        return;
      case "seats":
        orders.takeSeats(row[1]);
        return;
      case "symbol":
        this.#floor.restoreSymbol(row[1]);
        return;
      case "floor":
        this.#floor.restore(row[1]);
        return;
      default:
        row satisfies never;
    }
  }

  #restoreTold(event: Extract<VenueEvent, { type: "order" | "algo" }>): void {
    const { orders, book } = this.#floor;
    if (event.type === "algo") {
      orders.keepAlgo(event.algo);
      return;
    }
    if (event.trade !== null) book.addTrade(event.trade);
    // An order that was amended has lost its place.
    if (event.execution === "AMENDMENT") orders.keepLast(event.order);
    else orders.keep(event.order);
  }
}
