import type { Reporter, TestModule } from "vitest/node";

/** Closes a run with one plain line: `N passed, N failed, N skipped`. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tally = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      if (module.state() === "failed" && tests.length === 0) tally.failed++;
      for (const test of tests) tally[test.result().state]++;
    }
    const skipped = tally.skipped + tally.pending;
    process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed, ${skipped} skipped\n`);
  }
}
