import type { JobLimits, JobVersion } from "../../src/index.ts";

/** What commands and workers of a campaign share. */
export const CHILD_VERSION: JobVersion = { id: "c1", text: "of a campaign" };
export const CHILD_LIMITS: Partial<JobLimits> = {
  ackWaitMs: 600,
  beatMs: 150,
  againMs: 10,
  lookMs: 300,
  inFlightMax: 32,
};
