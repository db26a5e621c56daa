import { JournalReader, verifyJournal } from "@smcq/ledger";
import { expect, it } from "vitest";
import { replayRun } from "../../src/replay/replay-run.ts";
import { JournaledLoop } from "../support/journaled-loop.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const MINUTES = 60;

/** The file has the event whose commands sent this order. */
function isStored(file: string, clientOrderId: string): boolean {
  const reader = new JournalReader(file);
  try {
    for (const row of reader.rows("r1"))
      if (row.type === "event" && row.commands.includes(`"${clientOrderId}"`)) return true;
    return false;
  } finally {
    reader.close();
  }
}

it(`a loop with the ledger's journal sends no entry that is not in the file, and replays (seed ${SEED})`, async () => {
  const early: string[] = [];
  const run: JournaledLoop = await JournaledLoop.open({
    seed: SEED,
    onSubmit: ({ role, clientOrderId }) => {
      if (role === "entry" && !isStored(run.file, clientOrderId)) early.push(clientOrderId);
    },
  });
  for (let minute = 0; minute < MINUTES; minute++) {
    run.minute(0, 1, 2);
    run.venue.trade();
    await run.until(() => run.journal.isIdle);
  }
  await run.end();
  const entries = run.sent.filter((order) => order.startsWith("entry"));
  expect(early).toEqual([]);
  expect(entries.length).toBeGreaterThan(20);
  expect(run.sent.length).toBeGreaterThan(2 * entries.length);
  expect(run.loop.entryCounts).toMatchObject({ held: 0, released: entries.length });
  const { seq } = run.loop;
  expect(verifyJournal(run.file)).toMatchObject({ rows: seq + 1, broken: null });
  expect(replayRun(run.file, "r1")).toEqual({ runId: "r1", events: seq, difference: null, hole: null });
});
