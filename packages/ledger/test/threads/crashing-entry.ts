// A ledger thread that breaks: `crash-after=N` throws once the Nth batch is committed but before it is answered, as a
// native crash in the worst place would; `crash-always` throws at every batch.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { workerData } from "node:worker_threads";
import type { LedgerReply, LedgerRequest } from "../../src/messages.ts";
import { serveLedger } from "../../src/serve.ts";
import type { LedgerThreadData } from "../../src/thread.ts";

const { port, options, isReplacement } = workerData as LedgerThreadData;
const planFile = `${options.file}.plan`;
const plan = existsSync(planFile) ? readFileSync(planFile, "utf8") : "";
let batches = 0;

function shouldCrash(batch: number): boolean {
  return plan === "crash-always" || plan === `crash-after=${batch}`;
}

function crash(): void {
  if (plan !== "crash-always") writeFileSync(planFile, "");
  setImmediate(() => {
    throw new Error("planned crash");
  });
}

serveLedger(
  {
    on: (event, listener) => port.on(event, listener),
    close: () => port.close(),
    postMessage: (message: LedgerReply | LedgerRequest) => {
      const isStored = message.type === "stored" || message.type === "journalStored";
      if (isStored && shouldCrash(++batches)) return crash();
      port.postMessage(message);
    },
  },
  options,
  isReplacement,
);
