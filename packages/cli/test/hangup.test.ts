import { describe, expect, it } from "vitest";
import { isHangupIgnored } from "../src/process/hangup.ts";

describe("a hangup", () => {
  it.each([
    ["a shell on a terminal", "/usr/bin/node", true, false],
    ["a shell's bin on a terminal, its output in a file", "/opt/smcq/node_modules/.bin/smcq", true, false],
    ["a shell's script, all redirected", "/usr/bin/node", false, false],
    ["a package manager on a terminal", "/usr/bin/pnpm", true, false],
    ["a shell that sets nothing, on a terminal", undefined, true, false],
  ])("ends what was started by %s", (_what, startedAs, hasTerminal, isIgnoredByParent) => {
    expect(isHangupIgnored({ startedAs, hasTerminal, isIgnoredByParent })).toBe(false);
  });

  it.each([
    ["nohup in a shell", "/usr/bin/nohup", false, false],
    ["a nohup that leaves standard input", "/usr/bin/nohup", true, false],
    ["nohup in a shell that sets nothing", undefined, false, false],
    ["nohup in a script or program", "/usr/bin/python3", false, false],
    ["a shell with trap '' HUP", "/usr/bin/node", true, true],
    ["a service manager", undefined, false, false],
  ])("does not end what was started by %s", (_what, startedAs, hasTerminal, isIgnoredByParent) => {
    expect(isHangupIgnored({ startedAs, hasTerminal, isIgnoredByParent })).toBe(true);
  });
});
