import { SystemClock } from "@smcq/kernel";
import type { AccountDesk } from "../account-desk.ts";
import type { Upkeep } from "../upkeep.ts";
import { AccountFile, type FileHead, type KeptAccount } from "./account-file.ts";
import { keptText } from "./kept-json.ts";
import type { KeptPart, KeptRow } from "./rows.ts";

/** Where markets are, and the clock, is written this often, wall ms: a start after a kill goes on there. */
const BEAT_MS = 100;

/** Where the account is kept, and what was found there; `kept` null: it is a new one. */
export interface Keeping {
  readonly folder: string;
  readonly head: Omit<FileHead, "format">;
  readonly kept: KeptAccount | null;
}

/** Writes the account down before anybody hears of a change, and takes it up again. */
export class AccountKeeper {
  readonly #desk: AccountDesk;
  readonly #upkeep: Upkeep;
  readonly #parts: readonly KeptPart[];
  readonly #file: AccountFile;
  readonly #written = new Map<string, string>();
  readonly #wall = new SystemClock();
  #beatNs = -Infinity;

  constructor(
    { folder, head }: Pick<Keeping, "folder" | "head">,
    {
      desk,
      upkeep,
      parts,
    }: { readonly desk: AccountDesk; readonly upkeep: Upkeep; readonly parts: readonly KeptPart[] },
  ) {
    this.#desk = desk;
    this.#upkeep = upkeep;
    this.#parts = parts;
    this.#file = new AccountFile(folder, head, () => ({ clockMs: desk.nowMs, tickedMs: upkeep.tickedMs }));
  }

  /** Takes up what was kept. `list` makes symbols that the venue listed after its start. */
  takeUp({ rows, stamp }: KeptAccount, list: (name: string, firstMinute: number) => void): void {
    for (const row of rows)
      if (row[0] === "new-symbol") list(row[1], row[2]);
      else if (row[0] === "part") this.#parts.find(({ name }) => name === row[1])?.takeUp(row[2]);
      else if (row[0] === "funded") this.#upkeep.takeUp(row[1], row[2]);
      else this.#desk.takeUp(row);
    this.#desk.takenUp();
    this.#upkeep.takenUp(stamp.tickedMs);
  }

  /** Begins the file with what stands now, and writes every change from now on. */
  begin(): void {
    this.#beginFile();
    this.#desk.keepIn(this.#file);
  }

  add(row: KeptRow): void {
    this.#file.add(row);
    this.#file.commit();
  }

  /** A call is over, or a turn: what `SimExchange` does not write itself is written now. */
  settle(): void {
    for (const { name, state } of this.#partRows()) this.#file.add(["part", name, state]);
    this.#file.commit();
  }

  /** Writes the time and the markets now and then; begins a file anew that has become large. */
  beat(): void {
    const nowNs = this.#wall.monoNs();
    if (nowNs - this.#beatNs < BEAT_MS * 1e6) return;
    this.#beatNs = nowNs;
    this.writeTime();
    if (this.#file.isLarge) this.#beginFile();
  }

  writeTime(): void {
    this.#desk.exchange.keeping.writeMarkets();
    this.#file.commit();
  }

  close(): void {
    this.#file.close();
  }

  #beginFile(): void {
    this.#written.clear();
    this.#file.begin(this.#rows());
  }

  *#rows(): Iterable<KeptRow> {
    yield* this.#desk.rows();
    yield* this.#upkeep.rows();
    for (const { name, state } of this.#partRows()) yield ["part", name, state];
  }

  /** Parts that are not as they were written last. */
  *#partRows(): Iterable<{ readonly name: string; readonly state: unknown }> {
    for (const part of this.#parts) {
      const state = part.state();
      const text = keptText(state);
      if (this.#written.get(part.name) === text) continue;
      this.#written.set(part.name, text);
      yield { name: part.name, state };
    }
  }
}
