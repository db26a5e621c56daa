import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/longest-first.ts";
import { sourceProject } from "./scripts/vitest-project.ts";

// The suite runs on two cores, beside other work (`pnpm run test:beside-load`). What makes its tests independent of it:
//
// - They await states, not times: a condition with a deadline of a minute, which no pass ever comes near.
// - Whoever is to see an event listens before it can happen: faults that strike at a time of their own are set
//   (`setFaults`) when the clients have subscribed; a replay waits at its gate until it was looked at.
// - Time is a `ManualClock`, or the venue's scaled one; the wall's is tried only where it is the thing under test, and
//   then between two readings of it.
// - What must race (a kill, a torn read) happens at seeded moments, and only what holds at every moment is expected.
// - Ports are the system's choice (0), folders are temporary, and no test reads what another one left.
//
// One project, whose files share four processes: most of the long ones wait for a venue or for processes. A file's
// tests therefore leave nothing behind in theirs: threads are ended, sockets closed, listeners taken off.
export default defineConfig({
  test: {
    globalSetup: ["./scripts/vitest-setup.ts"],
    reporters: ["default", "./scripts/tally-reporter.ts"],
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    coverage: { include: ["packages/*/src/**"] },
    projects: [
      sourceProject({
        name: "suite",
        include: ["packages/*/test/**/*.test.ts"],
        isolate: false,
        maxConcurrency: 20,
      }),
    ],
  },
});
