import {
  acquireRunLock,
  compareTables,
  ledgerFile,
  type Rebuild,
  rewriteTables,
  type RowsTold,
  type Verification,
  verifyJournal,
} from "@smcq/ledger";
import { NOBODY_WAITS, type ShowProgress } from "../../output/progress.ts";
import { type Replay, replayRun } from "../../replay/replay-run.ts";

/** What a check found: as plain data, as text for eyes, and whether all is well. */
export interface CheckResult {
  readonly isSound: boolean;
  readonly data: object;
  readonly text: string;
}

function verifyShown(file: string, show: ShowProgress): Verification {
  return verifyJournal(file, told(show, "rows verified"));
}

function told(show: ShowProgress, stage: string): RowsTold {
  return (done, of) => show(stage, done, of);
}

/** `ledger verify`: is the chain whole? */
export function checkChain(dataDir: string, show: ShowProgress = NOBODY_WAITS): CheckResult {
  const file = ledgerFile(dataDir);
  const found = verifyShown(file, show);
  return { isSound: found.broken === null, data: { file, ...found }, text: chainText(found) };
}

/** `ledger rebuild`: do the tables say what the journal says? With `isWritten` they do afterwards. */
export function checkTables(
  dataDir: string,
  isWritten: boolean,
  show: ShowProgress = NOBODY_WAITS,
): CheckResult {
  const lock = isWritten ? acquireRunLock(dataDir) : null;
  try {
    const file = ledgerFile(dataDir);
    const chain = verifyShown(file, show);
    // Nothing is made of a journal that is not as it was written.
    if (chain.broken !== null) return { isSound: false, data: { file, chain }, text: chainText(chain) };
    const onRows = told(show, "rows made into tables");
    const found = isWritten ? rewriteTables(file, onRows) : compareTables(file, onRows);
    const isSound = found.isEqual || isWritten;
    return { isSound, data: { file, isWritten, ...found }, text: tablesText(found, isWritten) };
  } finally {
    lock?.release();
  }
}

/** `ledger replay`: do the journaled events give the journaled commands? */
export function checkReplay(
  dataDir: string,
  runId: string | null,
  show: ShowProgress = NOBODY_WAITS,
): CheckResult {
  const file = ledgerFile(dataDir);
  const chain = verifyShown(file, show);
  if (chain.broken !== null) return { isSound: false, data: { file, chain }, text: chainText(chain) };
  const found = replayRun(file, runId, told(show, "events replayed"));
  const isSound = found.difference === null && found.hole === null;
  return { isSound, data: { file, ...found }, text: replayText(found) };
}

function chainText({ rows, runs, eventsLost, head, broken }: Verification): string {
  const lost = eventsLost === 0 ? "" : `; ${eventsLost} events were not kept, each hole is told`;
  if (broken === null) return `the chain is whole: ${rows} rows of ${runs} runs${lost}\nhead ${head}\n`;
  const { runId, seq, journalKey, problem } = broken;
  const place = journalKey === 0 ? "" : `, row ${journalKey} of the file`;
  return `the chain is broken at seq ${seq} of run ${runId ?? "(none)"}${place}: ${problem}\n${rows} rows before it are whole\n`;
}

function tablesText({ journalRows, rowsBehind, tables, isEqual }: Rebuild, isWritten: boolean): string {
  const lines = tables.map(({ table, rows, missing, unexpected }) => {
    const said = missing + unexpected === 0 ? "equal" : `${missing} missing, ${unexpected} unexpected`;
    return `${table.padEnd(12)} ${String(rows).padStart(9)}  ${said}`;
  });
  const differs = isWritten ? "they differed and were written again" : "they differ: --write puts them right";
  const behind =
    rowsBehind === 0
      ? ""
      : `the last ${rowsBehind} rows are not in them yet (an engine was ended before): the next one puts them in, as --write does\n`;
  return `${lines.join("\n")}\n\ntables of ${journalRows - rowsBehind} rows: ${isEqual ? "equal" : differs}\n${behind}`;
}

function replayText({ runId, events, difference, hole }: Replay): string {
  const same = `${events} events of run ${runId} give the same commands, byte for byte`;
  if (hole !== null)
    return `${same}\nevents ${hole.fromSeq} to ${hole.toSeq} were not kept: nothing behind them can be replayed\n`;
  if (difference === null) return `${same}\n`;
  const { seq, kind, journaled, replayed } = difference;
  return `the commands differ first at seq ${seq} (${kind}) of run ${runId}\njournaled ${journaled}\nreplayed  ${replayed}\n`;
}
