import { copyLedger } from "@smcq/ledger";

// A process of its own: SQLite copies the file in one call, which no order may wait for.
const [file = "", to = ""] = process.argv.slice(2);
copyLedger(file, to);
