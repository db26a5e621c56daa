import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { archivePath, type ArchiveFile } from "../../src/archive.ts";
import { startHttpVenue } from "./http-venue.ts";

/** What goes wrong with one answer; each is used up by it. */
export type MirrorFault =
  | { readonly type: "status"; readonly status: number; readonly retryAfter?: string }
  /** The connection ends in the middle of the body. */
  | { readonly type: "cut" }
  /** Half of the bytes, told as if they were all. */
  | { readonly type: "short" }
  /** A page with status 200. */
  | { readonly type: "page"; readonly contentType: string }
  /** A few bytes, then nothing for ever. */
  | { readonly type: "silence" }
  | { readonly type: "reset" };

export interface ArchiveMirror {
  readonly origin: string;
  /** Paths that were asked for, without their base. */
  readonly requests: string[];
  /** Faults by path, in order. */
  readonly faults: Map<string, MirrorFault[]>;
  /** Whether an answer waits a moment, so that several are under way at a time; default not. */
  delayMs: number;
  /** Most answers that were under way at once. */
  readonly busiest: number;
  put(file: ArchiveFile, zip: Buffer, checksum?: string | null): void;
  close(): Promise<void>;
}

/** The archive's layout on loopback: files with their .CHECKSUM, 404 for everything else. */
export async function startArchiveMirror(): Promise<ArchiveMirror> {
  const files = new Map<string, Buffer>();
  const faults: ArchiveMirror["faults"] = new Map();
  const state = { delayMs: 0, busy: 0, busiest: 0 };
  const server = await startHttpVenue((response, { url = "" }) => {
    state.busiest = Math.max(state.busiest, ++state.busy);
    response.once("close", () => state.busy--);
    const path = decodeURI(url);
    const answer = (): void => {
      const fault = faults.get(path)?.shift();
      if (fault === undefined) send(response, files.get(path));
      else misbehave(response, fault, files.get(path) ?? Buffer.alloc(64));
    };
    if (state.delayMs > 0) setTimeout(answer, state.delayMs);
    else answer();
  });
  return {
    origin: server.origin,
    requests: server.requests,
    faults,
    get delayMs() {
      return state.delayMs;
    },
    set delayMs(delayMs) {
      state.delayMs = delayMs;
    },
    get busiest() {
      return state.busiest;
    },
    put(file, zip, checksum = createHash("sha256").update(zip).digest("hex")) {
      const path = decodeURI(archivePath(file));
      files.set(path, zip);
      if (checksum !== null)
        files.set(`${path}.CHECKSUM`, Buffer.from(`${checksum}  ${path.slice(path.lastIndexOf("/") + 1)}\n`));
    },
    close: () => server.close(),
  };
}

function send(response: ServerResponse, bytes: Buffer | undefined): void {
  if (bytes === undefined) {
    response.writeHead(404, { "content-type": "application/xml" });
    response.end("<Error><Code>NoSuchKey</Code></Error>");
    return;
  }
  response.writeHead(200, { "content-type": "binary/octet-stream", "content-length": bytes.length });
  response.end(bytes);
}

function misbehave(response: ServerResponse, fault: MirrorFault, bytes: Buffer): void {
  const half = bytes.subarray(0, bytes.length >> 1);
  switch (fault.type) {
    case "status":
      response.writeHead(
        fault.status,
        fault.retryAfter === undefined ? {} : { "retry-after": fault.retryAfter },
      );
      response.end();
      return;
    case "cut":
      response.writeHead(200, { "content-length": bytes.length });
      response.write(half, () => response.destroy());
      return;
    case "short":
      send(response, half);
      return;
    case "page":
      response.writeHead(200, { "content-type": fault.contentType });
      response.end("<html><body>Sign in to the hotel</body></html>");
      return;
    case "silence":
      response.writeHead(200, { "content-length": bytes.length });
      response.write(half);
      return;
    case "reset":
      response.socket?.resetAndDestroy();
  }
}
