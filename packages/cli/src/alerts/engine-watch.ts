import { statfsSync } from "node:fs";
import type { Condition } from "@smcq/alerts";
import { type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { askEngine } from "../control/control-client.ts";
import { PARITY_MIN, parityText } from "../offline/audit/audit-types.ts";
import { lastAudit } from "../offline/audit/audits-file.ts";
import type { PositionView, StatusView } from "../control/protocol.ts";

/** An engine that was there and does not answer for so long is told, ms. */
const SILENT_MS = 30_000;
const MIB = 1_048_576;

export interface EngineWatchOptions {
  readonly dataDir: string;
  readonly diskFreeMbMin: number;
  /** How long a position may stand without a stop (`protocol.protectMs`), ms. */
  readonly protectMs: number;
  /** The wall's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What was seen, and the beginnings of the keys that were looked at: of others this look says nothing. */
export interface Sight {
  readonly found: readonly Condition[];
  readonly families: readonly string[];
}

/** Looks at what no row of the journal tells: the disk, the engine at its socket, and the guards of what it holds. */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  /** When the engine was heard last, or was to be there; null: it never was. */
  #heardMs: number | null = null;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
  }

  /** From now on it has to answer. */
  expect(): void {
    this.#heardMs ??= this.#options.clock.nowMs();
  }

  /** It has ended, and whoever has started it tells of it. */
  gone(): void {
    this.#heardMs = null;
  }

  async look(): Promise<Sight> {
    const engine = await this.#engine();
    return {
      found: [...this.#disk(), ...this.#audit(), ...engine.found],
      families: ["disk-low", "audit-parity", ...engine.families],
    };
  }

  #disk(): readonly Condition[] {
    const { dataDir, diskFreeMbMin, logger } = this.#options;
    try {
      const { bavail, bsize } = statfsSync(dataDir);
      const freeMb = Math.floor((bavail * bsize) / MIB);
      if (freeMb >= diskFreeMbMin) return [];
      return [
        {
          kind: "disk-low",
          key: "disk-low",
          text: `${freeMb} MiB are free for ${dataDir}, ${diskFreeMbMin} are wanted.`,
        },
      ];
    } catch (error) {
      logger.warn({ error: errorMessage(error) }, "the disk cannot be looked at");
      return [];
    }
  }

  /** Until an audit finds parity again. */
  #audit(): readonly Condition[] {
    const audit = lastAudit(this.#options.dataDir);
    if (audit === null || audit.parity === null || audit.parity >= PARITY_MIN) return [];
    const kinds = Object.entries(audit.counts).map(([kind, count]) => `${count} × ${kind}`);
    const text = `Parity ${parityText(audit.parity)}: ${kinds.join(", ")}.`;
    return [{ kind: "audit-parity", key: "audit-parity", text }];
  }

  async #engine(): Promise<Sight> {
    const { dataDir, clock } = this.#options;
    try {
      const status = await askEngine(dataDir, { request: "status" });
      const { positions } =
        status.account === null ? { positions: [] } : await askEngine(dataDir, { request: "positions" });
      this.#heardMs = clock.nowMs();
      return {
        found: [...shards(status), ...positions.flatMap((position) => this.#guard(position))],
        families: ["engine-silent", "unguarded:", "shards-off"],
      };
    } catch (error) {
      const nowMs = clock.nowMs();
      if (this.#heardMs === null || nowMs - this.#heardMs < SILENT_MS) return { found: [], families: [] };
      return {
        found: [{ kind: "engine-silent", key: "engine-silent", text: errorMessage(error) }],
        families: ["engine-silent"],
      };
    }
  }

  #guard(position: PositionView): readonly Condition[] {
    const { symbol, side, qty, entry, guard, isStopConfirmed, exitReason } = position;
    if (isStopConfirmed || guard === "guarded") return [];
    const doing =
      guard === "exiting"
        ? `it is being left (${exitReason ?? "no reason"}) and is still there`
        : "no stop is confirmed";
    // Another position of the symbol has another entry.
    const key = `unguarded:${symbol}:${side}:${entry}`;
    return [
      {
        kind: "position-unguarded",
        key,
        text: `${symbol} ${side} ${qty} at ${entry}: ${doing}.`,
        holdMs: this.#options.protectMs,
      },
    ];
  }
}

/** Of a run without a journal nobody else tells. */
function shards({ account, feed }: StatusView): readonly Condition[] {
  if (account !== null || feed.shardsOff === 0) return [];
  return [{ kind: "shard-off", key: "shards-off", text: `${feed.shardsOff} shards are off.` }];
}
