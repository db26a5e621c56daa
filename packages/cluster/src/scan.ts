/** What a scan thread needs, without the pool: every thread has a heap of its own for what it loads. */
export { createScanner, type ScanInit } from "./scan/run-scan.ts";
