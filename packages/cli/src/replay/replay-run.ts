import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { type Command, Engine, type EngineEvent, type EngineInput, type Journal } from "@smcq/engine";
import {
  afterTurn,
  type CancelTimer,
  type Clock,
  type EpochMs,
  errorMessage,
  type MonoNs,
  present,
} from "@smcq/kernel";
import { JournalReader, type ReplayRow, rowOf, type RowsTold } from "@smcq/ledger";

/** Rows that are fed in one turn of the event loop, where others have theirs. */
const ROWS_A_TURN = 200;

type EventRow = Extract<ReplayRow, { type: "event" }>;

/** The first event whose commands are others than the journaled ones. */
export interface ReplayDifference {
  readonly seq: number;
  readonly kind: string;
  /** Canonical text of the commands that the journal keeps word for word; the hash is over all. */
  readonly journaled: string;
  /** The same of the replay, or what it failed with. */
  readonly replayed: string;
}

export interface Replay {
  readonly runId: string;
  /** Events whose commands came out the same. */
  readonly events: number;
  /** Null: all commands are the same, byte for byte. */
  readonly difference: ReplayDifference | null;
  /** Events that were not kept: nothing behind them can be replayed. Null: there is no hole. */
  readonly hole: { readonly fromSeq: number; readonly toSeq: number } | null;
}

/** Says what each event was stamped with; nothing wakes anybody, for the journal has every event. */
class StampClock implements Clock {
  #nowMs = 0;
  #nowNs = 0;

  set({ nowMs, nowNs }: EngineEvent): void {
    this.#nowMs = nowMs;
    this.#nowNs = nowNs;
  }

  nowMs(): EpochMs {
    return this.#nowMs as EpochMs;
  }

  monoNs(): MonoNs {
    return this.#nowNs as MonoNs;
  }

  after(): CancelTimer {
    return () => {};
  }
}

/** A fresh core behind the loop that runs it live, fed with one journaled event after another. */
class Replayer {
  readonly #clock = new StampClock();
  readonly #inbox = new Inbox();
  readonly #loop: EngineLoop;
  #commands: readonly Command[] = [];

  constructor(engine: Engine) {
    const journal: Journal = { append: (_seq, _event, commands) => void (this.#commands = commands) };
    const nobody = { onSignals() {}, onDecision() {}, onInvalidScores() {}, onTrading() {} };
    this.#loop = new EngineLoop({
      engine,
      inbox: this.#inbox,
      journal,
      router: new CommandRouter(nobody, { inbox: this.#inbox, wallClock: this.#clock }),
      venueClock: this.#clock,
      wallClock: this.#clock,
      deferral: { soon() {}, later() {} },
    });
  }

  /** Returns what is different, or null. */
  take({ seq, event, commands, commandsHash }: EventRow): ReplayDifference | null {
    const difference = { seq, kind: event.type, journaled: commands };
    this.#clock.set(event);
    const { nowMs: _nowMs, nowNs: _nowNs, ...input } = event;
    this.#inbox.put(input as EngineInput);
    try {
      this.#loop.drain();
    } catch (error) {
      return { ...difference, replayed: errorMessage(error) };
    }
    const again = rowOf(seq, event, this.#commands);
    return again.commandsHash === commandsHash ? null : { ...difference, replayed: again.commands };
  }
}

/** A replay, and the core as its last event left it; null: the journal does not say what it was made with. */
export interface ReplayedCore extends Replay {
  readonly engine: Engine | null;
  /** The last event that was fed. */
  readonly lastSeq: number;
  /** The close of the last minute that the core was told of; null: of none. */
  readonly minuteMs: number | null;
}

/** The core of a run as its journal makes it again, row by row, up to the first difference. */
export class CoreReplay {
  readonly #runId: string;
  #engine: Engine | null = null;
  #replayer: Replayer | null = null;
  #events = 0;
  /** Of the last row that was fed; -1: none was. */
  #lastSeq = -1;
  #minuteMs: number | null = null;
  #difference: ReplayDifference | null = null;
  #hole: ReplayedCore["hole"] = null;

  constructor(runId: string) {
    this.#runId = runId;
  }

  /** Where its rows go on. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get core(): ReplayedCore {
    return {
      runId: this.#runId,
      events: this.#events,
      difference: this.#difference,
      hole: this.#hole,
      engine: this.#engine,
      lastSeq: Math.max(0, this.#lastSeq),
      minuteMs: this.#minuteMs,
    };
  }

  /** Feeds the next row; false: nothing behind it can be fed. */
  take(row: ReplayRow): boolean {
    if (this.#difference !== null || this.#hole !== null) return false;
    if (row.type === "begun") {
      this.#engine = new Engine(row.options);
      this.#replayer = new Replayer(this.#engine);
      this.#lastSeq = 0;
      return true;
    }
    if (row.type === "lost") {
      this.#hole = row;
      return false;
    }
    this.#difference = present(this.#replayer, "Invariant: a journal begins with its run").take(row);
    if (this.#difference !== null) return false;
    if (row.event.type === "minute") this.#minuteMs = row.event.closeMs;
    this.#lastSeq = row.seq;
    this.#events++;
    return true;
  }
}

/** Feeds the events of a run (null: the last one) to a core that is made as the run's was, up to the first difference. */
export function replayCore(file: string, wanted: string | null, onRows?: RowsTold): ReplayedCore {
  const reader = new JournalReader(file);
  try {
    const replay = new CoreReplay(reader.runId(wanted));
    feed(replay, reader, onRows);
    return replay.core;
  } finally {
    reader.close();
  }
}

/** Feeds all rows that the journal has behind the last one. */
function feed(replay: CoreReplay, reader: JournalReader, onRows?: RowsTold): void {
  for (const row of reader.rows(replay.core.runId, onRows, replay.lastSeq)) if (!replay.take(row)) return;
}

/** Feeds the rows that have come since, and returns the core; in between the event loop has its turns: a lease is renewed in them. */
export async function goOnReplaying(replay: CoreReplay, file: string): Promise<ReplayedCore> {
  const reader = new JournalReader(file);
  try {
    let rows = 0;
    for (const row of reader.rows(replay.core.runId, undefined, replay.lastSeq)) {
      if (!replay.take(row)) break;
      if (++rows % ROWS_A_TURN === 0) await new Promise<void>((resolve) => afterTurn(resolve));
    }
    return replay.core;
  } finally {
    reader.close();
  }
}

/** The same, without the core. */
export function replayRun(file: string, wanted: string | null, onRows?: RowsTold): Replay {
  const { runId, events, difference, hole } = replayCore(file, wanted, onRows);
  return { runId, events, difference, hole };
}
