import { type Command, madeBy } from "@smcq/engine";
import { CoreDriver } from "../../../engine/test/support/core-driver.ts";
import {
  type Alert,
  type AlertKind,
  type JournaledTurn,
  JournalRules,
  type JournalSight,
  type ToldCommand,
} from "../../src/index.ts";

/** A core driven by hand, whose every turn goes through the rules as its journal would. */
export class HeardCore {
  readonly driver: CoreDriver;
  readonly rules = new JournalRules();
  readonly alerts: Alert[] = [];
  #seq = 0;
  /** Steps that the trades told so far make, by symbol. */
  readonly #told = new Map<number, number>();

  constructor(symbols = 1) {
    this.driver = new CoreDriver(
      symbols,
      {},
      {
        onTurn: (event, commands) => {
          const { nowMs } = event;
          if (event.type === "order-update" && event.update.fill !== null) {
            const { symbolId, side, qtySteps } = event.update.fill;
            this.#told.set(symbolId, (this.#told.get(symbolId) ?? 0) + side * qtySteps);
          }
          this.take({
            runId: "r1",
            seq: ++this.#seq,
            nowMs,
            word: event,
            commands: commands.flatMap(told),
          });
        },
      },
    );
  }

  take(turn: JournaledTurn): void {
    this.alerts.push(...this.rules.take(turn, this.#sight));
  }

  /** Kinds so far, in order, without those that are only worth to know. */
  get kinds(): readonly AlertKind[] {
    return this.alerts
      .map(({ kind }) => kind)
      .filter((kind) => kind !== "trade-opened" && kind !== "trade-closed");
  }

  readonly #sight: JournalSight = {
    symbolOf: (symbolId) => `S${symbolId}`,
    isOwn: (id) => madeBy(id)?.engineId === "test",
    differences: (positions) =>
      positions.flatMap(({ symbolId, qtySteps }) => {
        const bookSteps = this.#told.get(symbolId) ?? 0;
        return qtySteps === bookSteps ? [] : [{ symbol: `S${symbolId}`, venueSteps: qtySteps, bookSteps }];
      }),
  };
}

/** As a row of the journal keeps them. */
function told(command: Command): readonly ToldCommand[] {
  const { type } = command;
  if (type === "emit" || type === "wake" || type === "decide" || type === "judge-model") return [];
  return [type === "submit" ? { type, order: command.order.value } : command];
}
