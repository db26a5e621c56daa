/** Codes of the failures of jobs on other hosts. */
export const JobErrorCode = {
  /** No worker of this engine's version was there for `noWorkerMsMax`. */
  NoWorker: "JOBS_NO_WORKER",
  /** A job was tried `triesMax` times, and every worker that took it died or failed. */
  GivenUp: "JOBS_GIVEN_UP",
  /** Two workers came to different results for one job. */
  Unequal: "JOBS_UNEQUAL",
  /** An input, a task or a result is larger than may be sent. */
  Size: "JOBS_SIZE",
  /** The servers keep nothing more, or lose what they said to keep. */
  Store: "JOBS_STORE",
  /** An input of a job is no longer kept. */
  Input: "JOBS_INPUT",
  /** The folder of a worker cannot be written. */
  Folder: "JOBS_FOLDER",
  /** A job has not ended after `jobMsMax`. */
  Stuck: "JOBS_STUCK",
} as const;
export type JobErrorCode = (typeof JobErrorCode)[keyof typeof JobErrorCode];
