import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock, silentLogger, SmcqError, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HttpPoster, Outbox, outboxFile, TelegramApi, TelegramTalk } from "../../src/index.ts";
import { FakeApis, secretText, TELEGRAM_TOKEN } from "../support/fake-apis.ts";

let apis: FakeApis;
let poster: HttpPoster;
let outbox: Outbox;
let clock: ManualClock;
let dataDir: string;
let talk: TelegramTalk;
let words: string[];
let origin: string;

function open(): TelegramTalk {
  return new TelegramTalk({
    api: new TelegramApi(origin, secretText(TELEGRAM_TOKEN), poster),
    desk: {
      look: async (look) => `<${look}> & more`,
      say: async (word) => {
        words.push(word);
        if (word === "flatten") throw new SmcqError("CONTROL_NO_ENGINE", "no engine runs");
        return "HALTED";
      },
    },
    outbox,
    chatIds: ["7", "-100"],
    userIds: ["8"],
    clock,
    logger: silentLogger,
  });
}

beforeEach(async () => {
  apis = new FakeApis();
  origin = await apis.listen();
  clock = new ManualClock(1_000);
  poster = new HttpPoster({}, clock);
  dataDir = mkdtempSync(join(tmpdir(), "smcq-talk-"));
  outbox = new Outbox({
    file: outboxFile(dataDir),
    channels: ["telegram:7"],
    severityMin: "warning",
    repeatMs: 0,
  });
  words = [];
  talk = open();
  talk.start();
});

afterEach(async () => {
  await talk.stop();
  await poster.close();
  await apis.close();
  outbox.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function until(isTrue: () => boolean): Promise<void> {
  const wall = new SystemClock();
  const endMs = wall.nowMs() + 60_000;
  while (!isTrue()) {
    if (wall.nowMs() > endMs) throw new Error("the condition did not come true in time");
    await new Promise<void>((resolve) => void wall.after(1, resolve));
  }
}

/** What the bot answers to a word. */
async function answerTo(text: string, from: { chat?: number; user?: number } = {}): Promise<string> {
  const before = apis.said.length;
  apis.write(text, from);
  await until(() => apis.said.length > before);
  return apis.said.at(-1) ?? "";
}

function codeIn(text: string): string {
  return /\/confirm (\d{6})/u.exec(text)?.[1] ?? "";
}

describe("what a person says to the bot", () => {
  it.each(["status", "/positions", "/pnl@smcq_bot", " /STATUS "])("%s is answered", async (text) => {
    expect(await answerTo(text)).toMatch(/^<b>&lt;(status|positions|pnl)&gt; &amp; more<\/b>/u);
  });

  it("is explained where it is nothing that is known", async () => {
    expect(await answerTo("/sell everything")).toContain("/status, /positions, /pnl, /halt, /flatten");
  });

  it("is carried out after its code was repeated, once", async () => {
    const code = codeIn(await answerTo("/halt"));
    expect(words).toEqual([]);
    expect(await answerTo(`/confirm ${code}`)).toContain("HALTED");
    expect(words).toEqual(["halt"]);
    expect(await answerTo(`/confirm ${code}`)).toContain("nothing is done");
    expect(words).toEqual(["halt"]);
  });

  it("is not carried out with a code of another chat, or after a minute", async () => {
    const code = codeIn(await answerTo("/flatten"));
    expect(await answerTo(`/confirm ${code}`, { chat: -100 })).toContain("nothing is done");
    clock.advance(60_000);
    expect(await answerTo(`/confirm ${code}`)).toContain("nothing is done");
    expect(words).toEqual([]);
  });

  it("is answered with what was wrong", async () => {
    const code = codeIn(await answerTo("/flatten"));
    expect(await answerTo(`/confirm ${code}`)).toContain("no engine runs");
  });

  it("is ignored and counted when somebody says it who is not listed, or where nobody should", async () => {
    apis.write("/halt", { user: 9 });
    apis.write("/halt", { chat: 9 });
    await answerTo("/status");
    expect([talk.ignored, apis.said.length]).toEqual([2, 1]);
  });

  it("is not heard again by another process", async () => {
    await answerTo("/status");
    await talk.stop();
    talk = open();
    talk.start();
    expect(await answerTo("/pnl")).toContain("pnl");
    expect(apis.said).toHaveLength(2);
  });

  it("is heard after the other side was away, by its wish", async () => {
    const polls: string[] = [];
    apis.instead = (path) => {
      polls.push(path);
      return { status: 429, body: JSON.stringify({ ok: false, parameters: { retry_after: 40 } }) };
    };
    apis.write("/status");
    await until(() => clock.pendingCount > 0);
    const before = polls.length;
    clock.advance(39_000);
    expect(polls).toHaveLength(before);
    apis.instead = () => null;
    const said = answerTo("/pnl");
    clock.advance(2_000);
    await said;
    expect(apis.said.length).toBeGreaterThan(0);
  });
});
