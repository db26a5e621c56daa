import { createConnection, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { CONNECTIONS_MAX } from "../../src/http/dashboard-server.ts";
import { Bench } from "../support.ts";

const WRONG_TRIES = 10_000;

/** A connection that says what it is told to, and what it hears until its end. */
function talking(bench: Bench, text: string): { readonly socket: Socket; readonly heard: Promise<string> } {
  const socket = createConnection(bench.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  let all = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (all += chunk));
  socket.write(text);
  return { socket, heard: new Promise((resolve) => socket.once("close", () => resolve(all))) };
}

describe("the server's patience", () => {
  it("ends with half a header, half a body, and a connection on which nothing more is asked", async () => {
    const bench = await new Bench().open();
    const head = `host: 127.0.0.1:${bench.port}\r\norigin: ${bench.origin}\r\n`;
    const body = "content-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    const heard = await Promise.all(
      [
        "GET / HTTP/1.1\r\nhost:",
        `POST /api/session HTTP/1.1\r\n${head}${body}`,
        `GET / HTTP/1.1\r\n${head}\r\n`,
      ].map((text) => talking(bench, text).heard),
    );
    expect(heard.map((text) => text.slice(0, 12))).toEqual(["HTTP/1.1 408", "HTTP/1.1 408", "HTTP/1.1 200"]);
  });

  it(`bears ${WRONG_TRIES} wrong tokens and more connections than it takes, and answers the right one`, async () => {
    const bench = await new Bench().open();
    const counts = new Map<number, number>();
    for (let at = 0; at < WRONG_TRIES; at += 20) {
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, nth) =>
          bench.ask("/api/trades", { headers: { authorization: `Bearer ${at + nth}` } }),
        ),
      );
      for (const { status } of replies) counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    expect(new Set(counts.keys())).toEqual(new Set([401, 429]));
    expect(counts.get(429)).toBeGreaterThan(WRONG_TRIES * 0.9);
    const silent = Array.from({ length: CONNECTIONS_MAX + 20 }, () => talking(bench, ""));
    await Promise.all(silent.map(({ heard }) => heard));
    expect((await bench.ask("/api/trades", { headers: bench.look })).status).toBe(200);
    expect(bench.source.said).toEqual([]);
  });
});
