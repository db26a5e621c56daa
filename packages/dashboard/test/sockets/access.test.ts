import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { ManualClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { WRONG_TRIES_MAX, WRONG_TRIES_WINDOW_MS } from "../../src/access/attempt-limit.ts";
import { NONCE_MS_MAX } from "../../src/access/nonce-book.ts";
import { CODE_MS_MAX } from "../../src/access/one-time-code.ts";
import { readTokens, TOKEN_FILES } from "../../src/access/token-files.ts";
import { HEADER_BYTES_MAX } from "../../src/http/dashboard-server.ts";
import { BODY_BYTES_MAX } from "../../src/http/read-body.ts";
import { Bench, temporaryFolder, upgraded } from "../support.ts";

describe("the tokens of a data folder", () => {
  it("are made once, two different ones, and nobody else may read them", () => {
    const folder = temporaryFolder();
    const first = readTokens(folder);
    expect(readTokens(folder)).toEqual(first);
    expect(first.look).not.toBe(first.control);
    for (const name of Object.values(TOKEN_FILES)) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(Buffer.from(readFileSync(join(folder, name), "utf8"), "base64url")).toHaveLength(32);
    }
  });

  it.each([
    ["others may read", (file: string) => chmodSync(file, 0o644), "others may read it (mode 644)"],
    ["is a folder", (file: string) => rmSync(file) ?? mkdirSync(file), "it is no file of the engine's user"],
    ["is empty", (file: string) => writeFileSync(file, ""), "it holds no token of ours"],
    ["is short", (file: string) => writeFileSync(file, "password"), "it holds no token of ours"],
    ["is huge", (file: string) => writeFileSync(file, "a".repeat(9_999)), "it holds no token of ours"],
  ])("are refused where a file %s", (_what, spoil, said) => {
    const folder = temporaryFolder();
    readTokens(folder);
    spoil(join(folder, TOKEN_FILES.control));
    expect(() => readTokens(folder)).toThrow(said);
  });
});

describe("a question", () => {
  it("is answered to the right token alone, and no page without its headers", async () => {
    const bench = await new Bench().open();
    const right = await bench.ask("/api/trades", { headers: bench.look });
    expect([right.status, right.text, right.headers["cache-control"]]).toEqual([
      200,
      '{"total":3}',
      "no-store",
    ]);
    for (const authorization of ["", "Bearer ", `Bearer ${bench.tokens.control}`, bench.tokens.look]) {
      const { status, text } = await bench.ask("/api/trades", { headers: { authorization } });
      expect([authorization, status, text.includes("total")]).toEqual([authorization, 401, false]);
    }
    expect((await bench.ask("/api/trades")).status).toBe(401);
    for (const path of ["/", "/assets/a.js", "/api/trades", "/nothing"]) {
      const { headers } = await bench.ask(path);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self'; /u);
      expect(headers).toMatchObject({
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
      });
      expect(headers).not.toHaveProperty("access-control-allow-origin");
    }
  });

  it("that fails inside tells nothing of the inside", async () => {
    const bench = await new Bench().open();
    const { status, text } = await bench.ask("/api/broken", { headers: bench.look });
    expect([status, text.includes("secret")]).toEqual([500, false]);
  });

  it("leaves the page's folder by no path", async () => {
    const bench = await new Bench().open();
    for (const path of ["/../dashboard.token", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fx", "//x/y"])
      expect([path, (await bench.ask(path)).status]).toEqual([path, 404]);
  });

  it.each(["PUT", "DELETE", "OPTIONS", "TRACE"])("by %s is refused", async (method) => {
    const bench = await new Bench().open();
    expect((await bench.ask("/api/trades", { method, headers: bench.both })).status).toBe(405);
    expect((await bench.ask("/", { method, headers: bench.both })).status).toBe(405);
  });
});

describe("another name or another page", () => {
  it.each(["evil.example", "evil.example:80", "127.0.0.1", "localhost.evil.example", "[::1]"])(
    "is refused as host: %j",
    async (host) => {
      const bench = await new Bench().open();
      for (const path of ["/", "/api/trades"])
        expect((await bench.ask(path, { headers: { ...bench.look, host } })).status).toBe(421);
      expect(await upgraded(bench.socket(undefined, { origin: bench.origin, host }))).toBe(421);
    },
  );

  it.each(["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "http://localhost"])(
    "is refused as origin: %s",
    async (origin) => {
      const bench = await new Bench().open();
      const headers = { ...bench.both, origin };
      expect((await bench.ask("/api/trades", { headers })).status).toBe(403);
      expect((await bench.post("/api/nonce", {}, headers)).status).toBe(403);
      expect(await upgraded(bench.socket(undefined, { origin }))).toBe(403);
    },
  );

  it("has to name its origin where something changes or stays", async () => {
    const bench = await new Bench().open();
    const { origin: _origin, ...headers } = bench.both;
    expect((await bench.post("/api/nonce", {}, headers)).status).toBe(403);
    expect(await upgraded(bench.socket(undefined, {}))).toBe(403);
    const site = { ...bench.look, "sec-fetch-site": "cross-site" };
    expect((await bench.ask("/api/trades", { headers: site })).status).toBe(403);
    // A link in a letter leads to the page, which holds nothing yet.
    expect((await bench.ask("/", { headers: { "sec-fetch-site": "cross-site" } })).status).toBe(200);
  });

  it("behind a proxy is the public one", async () => {
    const bench = await new Bench({ publicOrigin: "https://desk.example.org" }).open();
    expect(bench.link).toMatch(/^https:\/\/desk\.example\.org\/#code=/u);
    const headers = { ...bench.both, host: "desk.example.org", origin: "https://desk.example.org" };
    expect((await bench.post("/api/nonce", {}, headers)).status).toBe(200);
    expect(
      (await bench.post("/api/nonce", {}, { ...headers, origin: "http://desk.example.org" })).status,
    ).toBe(403);
  });
});

describe("the printed link", () => {
  const codeOf = (bench: Bench): string => bench.link.split("#code=")[1] ?? "";

  it("is good once", async () => {
    const bench = await new Bench().open();
    const origin = { origin: bench.origin };
    const first = await bench.post("/api/session", { code: codeOf(bench) }, origin);
    expect(JSON.parse(first.text)).toEqual({ token: bench.tokens.look });
    expect((await bench.post("/api/session", { code: codeOf(bench) }, origin)).status).toBe(401);
  });

  it("is dead after its time", async () => {
    const wallClock = new ManualClock(1_000_000);
    const bench = await new Bench({ wallClock }).open();
    wallClock.advanceTo(1_000_000 + CODE_MS_MAX);
    const late = await bench.post("/api/session", { code: codeOf(bench) }, { origin: bench.origin });
    expect(late.status).toBe(401);
  });

  it.each([undefined, "", 7, null, "wrong", ["a"]])("is not %j", async (code) => {
    const bench = await new Bench().open();
    expect((await bench.post("/api/session", { code }, { origin: bench.origin })).status).toBe(401);
    expect((await bench.post("/api/session", { code: codeOf(bench) }, { origin: bench.origin })).status).toBe(
      200,
    );
  });
});

describe("wrong tokens", () => {
  it("are sent away unheard after a few, and keep nobody out who has the right one", async () => {
    const wallClock = new ManualClock(1_000_000);
    const bench = await new Bench({ wallClock }).open();
    const wrong = (): Promise<number> =>
      bench.ask("/api/trades", { headers: { authorization: "Bearer x" } }).then(({ status }) => status);
    const told: number[] = [];
    for (let at = 0; at < WRONG_TRIES_MAX + 3; at++) told.push(await wrong());
    expect(told).toEqual([...Array<number>(WRONG_TRIES_MAX).fill(401), 429, 429, 429]);
    expect(await upgraded(bench.socket(["smcq.live.1", "token.x"]))).toBe(429);
    expect((await bench.ask("/api/trades", { headers: bench.look })).status).toBe(200);
    wallClock.advanceTo(1_000_000 + WRONG_TRIES_WINDOW_MS);
    expect(await wrong()).toBe(401);
  });
});

describe("a word to the engine", () => {
  it("needs both tokens, a number and what was typed", async () => {
    const bench = await new Bench().open();
    const { both, look, origin } = bench;
    expect((await bench.post("/api/nonce", {}, { ...look, origin })).status).toBe(401);
    expect(
      (await bench.post("/api/nonce", {}, { ...look, origin, "x-smcq-control": bench.tokens.look })).status,
    ).toBe(401);
    const { "x-smcq-control": control } = both;
    expect((await bench.post("/api/control", {}, { origin, "x-smcq-control": control ?? "" })).status).toBe(
      401,
    );
    const said = await bench.post("/api/control", {
      word: "halt",
      confirm: "halt",
      nonce: await bench.nonce(),
    });
    expect([said.status, said.text]).toEqual([200, '{"answer":{"state":"HALTED"}}']);
    expect(bench.source.said).toEqual([{ word: "halt" }]);
  });

  it("is not said twice, nor late", async () => {
    const wallClock = new ManualClock(1_000_000);
    const bench = await new Bench({ wallClock }).open();
    const body = { word: "flatten", confirm: "flatten", nonce: await bench.nonce() };
    expect((await bench.post("/api/control", body)).status).toBe(200);
    expect((await bench.post("/api/control", body)).status).toBe(409);
    const late = { ...body, nonce: await bench.nonce() };
    wallClock.advanceTo(1_000_000 + NONCE_MS_MAX);
    expect((await bench.post("/api/control", late)).status).toBe(409);
    expect(bench.source.said).toEqual([{ word: "flatten" }]);
  });

  it.each([
    [{ word: "halt", confirm: "HALT" }, "type halt to confirm"],
    [{ word: "halt" }, "type halt to confirm"],
    [{ word: "close", symbol: "BTCUSDT", confirm: "close" }, "type BTCUSDT to confirm"],
    [{ word: "close", confirm: "" }, "symbol must be text of 1..64 characters"],
    [{ word: "close", symbol: "A".repeat(65), confirm: "A".repeat(65) }, "symbol must be text"],
    [{ word: "halt", symbol: "BTCUSDT", confirm: "halt" }, "halt takes no symbol"],
    [{ word: "sell", confirm: "sell" }, "word must be one of halt, resume, flatten, close"],
    [{ word: "halt", confirm: "halt", also: 1 }, 'there is no field "also"'],
    [{}, "word must be one of"],
  ])("is refused as %j", async (body, text) => {
    const bench = await new Bench().open();
    const said = await bench.post("/api/control", { ...body, nonce: await bench.nonce() });
    expect([said.status, JSON.parse(said.text)]).toEqual([
      400,
      expect.objectContaining({ message: expect.stringContaining(text) }),
    ]);
    expect(bench.source.said).toEqual([]);
  });

  it("closes a symbol whose name is typed, markup and all", async () => {
    const bench = await new Bench().open();
    const symbol = "<img src=x onerror=alert(1)>";
    await bench.post("/api/control", { word: "close", symbol, confirm: symbol, nonce: await bench.nonce() });
    expect(bench.source.said).toEqual([{ word: "close", symbol }]);
  });
});

describe("what a request may bring", () => {
  it("is bounded: body, headers, and what is no JSON", async () => {
    const bench = await new Bench().open();
    const headers = { ...bench.both, "content-type": "application/json" };
    const post = (body: string, more: Readonly<Record<string, string>> = {}): Promise<number> =>
      bench
        .ask("/api/session", { method: "POST", headers: { ...headers, ...more }, body })
        .then(({ status }) => status);
    expect(await post(" ".repeat(BODY_BYTES_MAX + 1))).toBe(413);
    expect(await post("{")).toBe(400);
    expect(await post("[]")).toBe(400);
    expect(await post("{}", { "content-type": "text/plain" })).toBe(415);
    expect((await bench.ask("/", { headers: { "x-a": "a".repeat(HEADER_BYTES_MAX) } })).status).toBe(431);
  });

  it("that is no request ends its own connection alone", async () => {
    const bench = await new Bench().open();
    const socket = createConnection(bench.port, "127.0.0.1");
    const ended = new Promise<string>((resolve) => {
      let text = "";
      socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      socket.on("close", () => resolve(text));
    });
    socket.write("\u0000\u0001 nonsense\r\n\r\n");
    expect(await ended).toMatch(/^HTTP\/1\.1 400 /u);
    expect((await bench.ask("/api/trades", { headers: bench.look })).status).toBe(200);
  });
});
