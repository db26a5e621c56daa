import { SmcqError } from "@smcq/kernel";
import { expect, it } from "vitest";
import { exitCodeOf, ExitCode } from "../src/exit-codes.ts";

// The supervisor takes every other code for an end that a new process does not mend.
it("a host that has lost the account, and a scan that is stuck, are started again", () => {
  for (const code of ["BUS_LEASE_LOST", "BUS_VENUE_LOST", "SCAN_STUCK"])
    expect(exitCodeOf(new SmcqError(code, ""))).toBe(ExitCode.Unexpected);
  expect(exitCodeOf(new SmcqError("BUS_UNREACHABLE", ""))).toBe(ExitCode.Bus);
});
