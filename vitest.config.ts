import { defineConfig } from "vitest/config";
import { sourceProject } from "./scripts/vitest-project.ts";

// Suites that start threads run one file at a time: on two cores their timings would otherwise disturb one another.
// Suites over loopback sockets, and those of whole processes, mostly wait: three files at a time keep two cores busy.
export default defineConfig({
  test: {
    globalSetup: ["./scripts/vitest-setup.ts"],
    reporters: ["default", "./scripts/tally-reporter.ts"],
    maxWorkers: 3,
    coverage: { include: ["packages/*/src/**"] },
    projects: [
      sourceProject({
        name: "unit",
        include: ["packages/*/test/**/*.test.ts"],
        exclude: ["**/sockets/**", "**/processes/**", "**/threads/**", "**/simulation/**"],
      }),
      sourceProject({
        name: "sockets",
        include: ["packages/*/test/sockets/**/*.test.ts"],
        timeoutMs: 60_000,
      }),
      sourceProject({
        name: "processes",
        include: ["packages/*/test/processes/**/*.test.ts"],
        timeoutMs: 120_000,
      }),
      sourceProject({ name: "threads", include: ["packages/*/test/threads/**/*.test.ts"], serial: true }),
      sourceProject({
        name: "simulation",
        include: ["packages/*/test/simulation/**/*.test.ts"],
        serial: true,
      }),
    ],
  },
});
