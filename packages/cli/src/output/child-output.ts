import type { ChildProcess, StdioOptions } from "node:child_process";
import type { Readable } from "node:stream";
import { type Outlet, standardError, standardOutput, WAITING_BYTES_MAX } from "./outlet.ts";

/**
 * What a process below writes to: the same as this one, where each has its own way to it. A socket (a service manager's
 * journal) they would share, and the start of the one would make the writes of the other wait: it goes through this process.
 */
export function childOutput(): StdioOptions {
  const way = (outlet: Outlet): "pipe" | "inherit" => (outlet.isShared ? "pipe" : "inherit");
  return ["ignore", way(standardOutput()), way(standardError()), "ipc"];
}

/** Passes on what the process writes to this one, line by line. */
export function passOn({ stdout, stderr }: Pick<ChildProcess, "stdout" | "stderr">): void {
  if (stdout !== null) passLines(stdout, standardOutput());
  if (stderr !== null) passLines(stderr, standardError());
}

/** Exported for its test: lines of any length, cut anywhere, the last one without its end. */
export function passLines(from: Readable, outlet: Pick<Outlet, "write">): void {
  let rest = "";
  from.setEncoding("utf8");
  from.on("data", (text: string) => {
    const end = text.lastIndexOf("\n") + 1;
    if (end === 0 && rest.length + text.length < WAITING_BYTES_MAX) {
      rest += text;
      return;
    }
    const at = end === 0 ? text.length : end;
    outlet.write(rest + text.slice(0, at));
    rest = text.slice(at);
  });
  from.on("end", () => {
    if (rest !== "") outlet.write(`${rest}\n`);
  });
  // A process that ends badly may take its pipe with it: its exit says the rest.
  from.on("error", () => {});
}
