import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface HttpVenue {
  readonly origin: string;
  readonly requests: string[];
  /** Answers the next requests, in order; afterwards `fallback`. */
  readonly script: ((response: ServerResponse, request: IncomingMessage) => void)[];
  close(): Promise<void>;
}

/** A loopback HTTP server that answers by script. */
export async function startHttpVenue(
  fallback: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<HttpVenue> {
  const requests: string[] = [];
  const script: HttpVenue["script"] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request.url ?? "");
    (script.shift() ?? fallback)(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    script,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}
