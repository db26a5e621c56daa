import { SystemClock, silentLogger } from "@smcq/kernel";
import { LedgerChanges } from "@smcq/ledger";
import { Mirror, targetOf } from "../../src/index.ts";

/** A mirror of argv's file at argv's address, until it is killed; says `journal N` after each commit. */
const [file = "", url = ""] = process.argv.slice(2);
const mirror = new Mirror({
  target: targetOf(url, "smcq"),
  openSource: () => new LedgerChanges(file),
  sourceLater: new Set(),
  clock: new SystemClock(),
  logger: silentLogger,
  onProgress: ({ journalKey }) => process.stdout.write(`journal ${journalKey}\n`),
});
await mirror.follow(new AbortController().signal);
