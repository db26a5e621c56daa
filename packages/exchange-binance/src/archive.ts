/** The public archive of past months and days, and what is asked of the venue beside it: no feed, no orders. */
export { archiveBase } from "./archive/archive-base.ts";
export type { ArchiveBase } from "./archive/archive-base.ts";
export { ARCHIVE_WAIT_MS_MAX, BinanceArchive } from "./archive/archive-client.ts";
export type { ArchiveBytes, ArchiveClientOptions } from "./archive/archive-client.ts";
export { archiveName, archivePath } from "./archive/archive-paths.ts";
export type { ArchiveFile } from "./archive/archive-paths.ts";
