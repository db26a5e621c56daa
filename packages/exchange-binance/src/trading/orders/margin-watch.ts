import { type CancelTimer, type Clock, errorMessage, type Logger, repeat } from "@smcq/kernel";
import { MARGIN_LOOK_MS } from "../limits.ts";
import { readSymbolSettings } from "../start-checks.ts";
import type { SignedRest } from "../wire/signed-rest.ts";
import type { MarginTypes } from "./margin-types.ts";

const NAMED_MAX = 10;

export interface MarginWatchOptions {
  readonly marginTypes: MarginTypes;
  readonly rest: SignedRest;
  /** The venue's clock. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks what the account's symbols are set to: a person may change a margin type, and no word of the account tells of it (AC05). */
export class MarginWatch {
  readonly #options: MarginWatchOptions;
  #cancel: CancelTimer = () => {};

  constructor(options: MarginWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#cancel = repeat(this.#options.clock, MARGIN_LOOK_MS, () => void this.look());
  }

  /** One question for all symbols; what was known stays when it fails. */
  async look(): Promise<void> {
    const { marginTypes, rest, log } = this.#options;
    const before = marginTypes.known;
    try {
      const changed = marginTypes.relearn(await readSymbolSettings(rest), before);
      if (changed.length === 0) return;
      const fields = {
        wanted: marginTypes.wanted,
        count: changed.length,
        symbols: changed.slice(0, NAMED_MAX),
      };
      log.warn(
        fields,
        "somebody has changed the margin type of symbols: none is entered before it is set again",
      );
    } catch (error) {
      log.warn({ error: errorMessage(error) }, "the margin types of the account's symbols could not be read");
    }
  }

  stop(): void {
    this.#cancel();
  }
}
