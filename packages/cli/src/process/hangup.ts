import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isatty } from "node:tty";

/** What a process tells the one below: a hangup is not to end it. */
export const IGNORE_HANGUP = "--ignore-hangup";

/** What is known of how this process was started. */
export interface Started {
  /** The program that the shell has started, as most shells say it in `_`; undefined: nobody said. */
  readonly startedAs: string | undefined;
  /** Standard input, output or error is a terminal. */
  readonly hasTerminal: boolean;
  readonly isIgnoredByParent: boolean;
}

/**
 * Whether a hangup (SIGHUP) is not to end this process, as `nohup` and `trap '' HUP` wish. Node forgets that wish when it
 * starts, so it is concluded: the shell has started nohup; the parent ignores hangups itself; or no standard stream is a
 * terminal (nohup leaves none), so that none can be closed. What a shell has started directly has no such wish of its own.
 */
export function isHangupIgnored({ startedAs, hasTerminal, isIgnoredByParent }: Started): boolean {
  if (isIgnoredByParent) return true;
  const program = basename(startedAs ?? "");
  if (program === "nohup") return true;
  return !hasTerminal && !["node", "smcq", "main.js"].includes(program);
}

/** How this process was started. */
export function howStarted(): Started {
  return {
    startedAs: process.env["_"],
    hasTerminal: [0, 1, 2].some((fd) => isatty(fd)),
    isIgnoredByParent: ignoresHangup(process.ppid),
  };
}

function ignoresHangup(pid: number): boolean {
  // Whoever has lost its parent is a child of the first process, which did not start it.
  if (pid <= 1) return false;
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const ignored = /^SigIgn:\s*([\da-f]+)$/m.exec(status)?.[1] ?? "0";
    return (BigInt(`0x${ignored}`) & 1n) === 1n;
  } catch {
    // No /proc, or the parent is gone: nothing known.
    return false;
  }
}
