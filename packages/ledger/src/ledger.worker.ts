import { workerData } from "node:worker_threads";
import { serveLedger } from "./serve.ts";
import type { LedgerThreadData } from "./thread.ts";

const { port, options, isReplacement } = workerData as LedgerThreadData;
serveLedger(port, options, isReplacement);
