export { BusConnection, serversOf } from "./connection.ts";
export type { BusOptions } from "./connection.ts";
export type { CredentialFiles } from "./credentials.ts";
export { BusErrorCode, busError } from "./errors.ts";
export { newIdentity } from "./identity.ts";
export type { Identity } from "./identity.ts";
export { BusNames } from "./names.ts";
export { NatsSignalBus } from "./signals/nats-signal-bus.ts";
export type { SignalBusDeps } from "./signals/nats-signal-bus.ts";
export { assignParts } from "./parts/assign-parts.ts";
export { Members } from "./parts/members.ts";
export type { Beat, MemberView } from "./parts/members.ts";
export { PartKeeper } from "./parts/part-keeper.ts";
export type { KeeperOptions, PartHost, PartsView } from "./parts/part-keeper.ts";
export { LeaseBucket } from "./leases/lease-bucket.ts";
export type { LeaseBucketOptions, LeaseEntry, LeaseStore, LeaseWrite } from "./leases/lease-bucket.ts";
export { Lease } from "./leases/lease.ts";
export type { LeaseLoss, LeaseOptions, LeaseState, LeaseTaking } from "./leases/lease.ts";
export { Standbys } from "./leases/standbys.ts";
export {
  actFromMs,
  CLOCK_DRIFT_RATIO_MAX,
  givenFromMs,
  holdEndMs,
  LEASE_MARGIN_RATIO,
  leaseTerms,
  takeFromMs,
} from "./leases/lease-terms.ts";
export type { LeaseTerms } from "./leases/lease-terms.ts";
export { parseLeaseValue, writeLeaseValue } from "./leases/lease-value.ts";
export type { LeaseValue } from "./leases/lease-value.ts";
export { BlobCache } from "./jobs/blob-cache.ts";
export { JOB_LIMITS, sha256Of } from "./jobs/job.ts";
export { JobErrorCode } from "./jobs/job-errors.ts";
export type { JobInput, JobLimits, JobOutcome, JobSpec, JobVersion, PostedJob } from "./jobs/job.ts";
export { JobQueue } from "./jobs/job-queue.ts";
export type { JobQueueOptions } from "./jobs/job-queue.ts";
export { JobWorker } from "./jobs/job-worker.ts";
export type { JobWorkerOptions, WorkerCounts } from "./jobs/job-worker.ts";
export { JournalFollower } from "./journal/journal-follower.ts";
export type { JournalFollowerOptions } from "./journal/journal-follower.ts";
export { decodeMessage } from "./journal/journal-message.ts";
export type { CopiedRow, JournalMessage, RowPlace } from "./journal/journal-message.ts";
export { JournalStream } from "./journal/journal-stream.ts";
export type { JournalStreamOptions, StreamPlace } from "./journal/journal-stream.ts";
export { COPY_CHARACTERS_MAX, COPY_ROWS_MAX, JournalWriter } from "./journal/journal-writer.ts";
export type { CopyState, JournalWriterOptions } from "./journal/journal-writer.ts";
export { Snapshots } from "./journal/snapshots.ts";
export type { Snapshot } from "./journal/snapshots.ts";
