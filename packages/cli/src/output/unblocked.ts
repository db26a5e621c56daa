import { constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import { isatty } from "node:tty";

const FLAGS = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** A handle that would be collected would close its descriptor. */
const KEPT: Socket[] = [];

function openOrNull(path: string): number | null {
  try {
    return openSync(path, FLAGS);
  } catch {
    // No /proc, another user's pipe or terminal, a terminal outside this container: the next way is tried.
    return null;
  }
}

/** True when `/dev/tty`, which every user may open, is the terminal behind `fd`. */
function isControllingTerminal(rdev: number): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    // Field 7 of the file; the second one is the command in brackets and may hold anything.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[4]) === rdev;
  } catch {
    return false;
  }
}

export interface Unblocked {
  readonly fd: number;
  /** The flag stands on an open file that other processes hold too: whoever starts a process with it takes it away. */
  readonly isShared: boolean;
}

/**
 * A descriptor of the same file, pipe, terminal or socket as `fd` on which a write that does not fit ends with EAGAIN
 * instead of waiting. Where the system allows it, it is opened anew: the flag of an open file is shared with every process
 * that has inherited it. Files are returned as they are: a disk has no reader.
 */
export function unblocked(fd: number): Unblocked {
  const stat = fstatSync(fd);
  const isTerminal = isatty(fd);
  if (!isTerminal && !stat.isFIFO() && !stat.isSocket()) return { fd, isShared: false };
  const opened =
    (stat.isSocket() ? null : openOrNull(`/proc/self/fd/${fd}`)) ??
    (isTerminal && isControllingTerminal(stat.rdev) ? openOrNull("/dev/tty") : null);
  if (opened !== null) return { fd: opened, isShared: false };
  if (isTerminal) return { fd, isShared: false };
  // Making a stream of it sets the flag; what is written goes past the stream.
  KEPT.push(new Socket({ fd, readable: false, writable: true }));
  return { fd, isShared: true };
}
