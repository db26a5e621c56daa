import { defineConfig } from "vitest/config";
import { sourceProject } from "./scripts/vitest-project.ts";

// Suites that start real threads, processes or sockets run one file at a time: on two cores their
// timings would otherwise disturb one another.
export default defineConfig({
  test: {
    reporters: ["default", "./scripts/tally-reporter.ts"],
    maxWorkers: 2,
    coverage: { include: ["packages/*/src/**"] },
    projects: [
      sourceProject({ name: "unit", include: ["packages/*/test/**/*.test.ts"], exclude: ["**/threads/**", "**/simulation/**"] }),
      sourceProject({ name: "threads", include: ["packages/*/test/threads/**/*.test.ts"], serial: true }),
      sourceProject({ name: "simulation", include: ["packages/*/test/simulation/**/*.test.ts"], serial: true }),
    ],
  },
});
