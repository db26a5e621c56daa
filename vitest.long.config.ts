import { defineConfig } from "vitest/config";
import { sourceProject } from "./scripts/vitest-project.ts";

// Long seeded campaigns (`pnpm run test:long`): minutes to hours, run before an issue is closed.
export default defineConfig({
  test: {
    globalSetup: ["./scripts/vitest-setup.ts"],
    reporters: ["default", "./scripts/tally-reporter.ts"],
    maxWorkers: 1,
    projects: [
      sourceProject({
        name: "long",
        include: ["packages/*/test/**/*.long.ts"],
        serial: true,
        timeoutMs: 3_600_000,
      }),
    ],
  },
});
