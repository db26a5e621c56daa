import { join, resolve } from "node:path";
import { SmcqError } from "@smcq/kernel";

/** Bytes that the address of a unix socket has room for, without its end (`sun_path`, 108 on Linux, 104 on macOS). */
const PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;
const SOCKET_NAME = "control.sock";

/** Where the engine of a data folder listens; refuses with CONTROL_PATH a folder whose path is too long for a socket. */
export function controlSocketPath(dataDir: string): string {
  const path = join(resolve(dataDir), SOCKET_NAME);
  const bytes = Buffer.byteLength(path);
  if (bytes > PATH_BYTES_MAX)
    throw new SmcqError(
      "CONTROL_PATH",
      `dataDir is too long for a control socket: ${path} has ${bytes} bytes, a socket's address ${PATH_BYTES_MAX} at most; choose a shorter folder, or a symbolic link to it`,
      { context: { bytes, bytesMax: PATH_BYTES_MAX } },
    );
  return path;
}
