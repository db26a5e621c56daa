export { BusConnection, serversOf } from "./connection.ts";
export type { BusOptions } from "./connection.ts";
export type { CredentialFiles } from "./credentials.ts";
export { BusErrorCode, busError } from "./errors.ts";
export { BusNames } from "./names.ts";
export { LeaseBucket } from "./leases/lease-bucket.ts";
export type { LeaseBucketOptions, LeaseEntry, LeaseStore, LeaseWrite } from "./leases/lease-bucket.ts";
export { Lease } from "./leases/lease.ts";
export type { LeaseLoss, LeaseOptions, LeaseState, LeaseTaking } from "./leases/lease.ts";
export {
  actFromMs,
  CLOCK_DRIFT_RATIO_MAX,
  holdEndMs,
  LEASE_MARGIN_RATIO,
  leaseTerms,
  takeFromMs,
} from "./leases/lease-terms.ts";
export type { LeaseTerms } from "./leases/lease-terms.ts";
export { parseLeaseValue, writeLeaseValue } from "./leases/lease-value.ts";
export type { LeaseValue } from "./leases/lease-value.ts";
export { JournalFollower } from "./journal/journal-follower.ts";
export type { JournalFollowerOptions } from "./journal/journal-follower.ts";
export type { CopiedRow, JournalMessage, RowPlace } from "./journal/journal-message.ts";
export { JournalStream } from "./journal/journal-stream.ts";
export type { JournalStreamOptions, StreamPlace } from "./journal/journal-stream.ts";
export { COPY_CHARACTERS_MAX, COPY_ROWS_MAX, JournalWriter } from "./journal/journal-writer.ts";
export type { CopyState, JournalWriterOptions } from "./journal/journal-writer.ts";
export { Snapshots } from "./journal/snapshots.ts";
export type { Snapshot } from "./journal/snapshots.ts";
