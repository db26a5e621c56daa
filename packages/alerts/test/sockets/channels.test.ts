import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ManualClock, silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Alert,
  type AlertChannel,
  Courier,
  discordChannel,
  HttpPoster,
  listOutbox,
  Outbox,
  outboxFile,
  QuietHours,
  singleMessage,
  slackChannel,
  TelegramApi,
  telegramChannel,
  webhookChannel,
} from "../../src/index.ts";
import {
  DISCORD_PATH,
  FakeApis,
  secretText,
  SLACK_PATH,
  TELEGRAM_TOKEN,
  WEBHOOK_SECRET,
} from "../support/fake-apis.ts";

const MESSAGE = singleMessage("ab-1", {
  alertId: 1,
  kind: "liquidation",
  severity: "critical",
  atMs: 0,
  text: "<b>币USDT & co",
  count: 1,
});

let apis: FakeApis;
let origin: string;
let clock: ManualClock;
let poster: HttpPoster;
let dataDir: string;

beforeEach(async () => {
  apis = new FakeApis();
  origin = await apis.listen();
  clock = new ManualClock(1_000_000);
  poster = new HttpPoster({}, clock);
  dataDir = mkdtempSync(join(tmpdir(), "smcq-channels-"));
});

afterEach(async () => {
  await poster.close();
  await apis.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const CHANNELS: readonly (readonly [
  string,
  (path?: string) => AlertChannel,
  () => readonly { body: object }[],
])[] = [
  [
    "telegram",
    (token = TELEGRAM_TOKEN) =>
      telegramChannel(new TelegramApi(`${origin}/`, secretText(token), poster), "7"),
    () => apis.telegram,
  ],
  ["slack", (path = SLACK_PATH) => slackChannel(secretText(origin + path), poster), () => apis.slack],
  ["discord", (path = DISCORD_PATH) => discordChannel(secretText(origin + path), poster), () => apis.discord],
  [
    "webhook",
    (secret = WEBHOOK_SECRET) =>
      webhookChannel({ url: `${origin}/hook?team=1`, secret: secretText(secret) }, { poster, clock }),
    () => apis.webhook,
  ],
];

describe("a channel", () => {
  it.each(CHANNELS)("%s brings a message as the other side wants it", async (_name, open, got) => {
    expect(await open().send(MESSAGE)).toMatchObject({ type: "sent" });
    expect(got()).toHaveLength(1);
    expect(JSON.stringify(got()[0]?.body)).toContain("币USDT");
  });

  it("webhook says what it is about to a machine, signed", async () => {
    await CHANNELS[3]?.[1]().send(MESSAGE);
    const [got] = apis.webhook;
    expect(got?.path).toBe("/hook?team=1");
    expect(got?.headers).toMatchObject({ "x-smcq-id": "ab-1", "x-smcq-timestamp": "1000" });
    expect(got?.body).toMatchObject({
      id: "ab-1",
      severity: "critical",
      kind: "liquidation",
      alertCount: 1,
      alerts: [{ kind: "liquidation", text: "<b>币USDT & co", time: "1970-01-01T00:00:00.000Z" }],
    });
  });

  it.each(CHANNELS)(
    "%s with a wrong secret is tried again, for a person may mend it, and tells no secret",
    async (_name, open) => {
      const result = await open("/services/wrong-canary").send(MESSAGE);
      expect(result.type).toBe("retry");
      expect(JSON.stringify(result)).not.toContain("wrong-canary");
    },
  );

  it.each(CHANNELS)(
    "%s is tried again after errors of the other side, with the wait that it wishes",
    async (_name, open) => {
      const answers = [
        [{ status: 500, body: "oops" }, null],
        [{ status: 503, headers: { "retry-after": "7" } }, 7_000],
        [{ status: 429, headers: { "retry-after": "Thu, 01 Jan 1970 00:17:00 GMT" } }, 20_000],
        ["hang up", null],
      ] as const;
      for (const [answer, afterMs] of answers) {
        apis.instead = () => answer;
        expect(await open().send(MESSAGE)).toMatchObject({ type: "retry", afterMs });
      }
    },
  );

  it("telegram and discord wish in their bodies", async () => {
    const body = JSON.stringify({
      ok: false,
      error_code: 429,
      parameters: { retry_after: 31 },
      retry_after: 0.5,
    });
    apis.instead = () => ({ status: 429, body });
    expect(await CHANNELS[0]?.[1]().send(MESSAGE)).toMatchObject({ type: "retry", afterMs: 31_000 });
    expect(await CHANNELS[2]?.[1]().send(MESSAGE)).toMatchObject({ type: "retry", afterMs: 500 });
  });

  it("is not sent where the answer is no word of the other side's own", async () => {
    apis.instead = () => ({ status: 200, body: "<html>please log in</html>" });
    expect(await CHANNELS[0]?.[1]().send(MESSAGE)).toMatchObject({ type: "retry" });
    expect(await CHANNELS[1]?.[1]().send(MESSAGE)).toMatchObject({ type: "retry" });
  });

  it("says that nobody listens", async () => {
    await apis.close();
    expect(await CHANNELS[1]?.[1]().send(MESSAGE)).toMatchObject({ type: "retry", afterMs: null });
    await apis.listen();
  });
});

function courierOf(quietHours: QuietHours | null = null): {
  readonly outbox: Outbox;
  readonly courier: Courier;
} {
  const channel = slackChannel(secretText(origin + SLACK_PATH), poster);
  const outbox = new Outbox({
    file: outboxFile(dataDir),
    channels: [channel.name],
    severityMin: "warning",
    repeatMs: 600_000,
  });
  return {
    outbox,
    courier: new Courier({ outbox, channel, perMinuteMax: 5, quietHours, clock, logger: silentLogger }),
  };
}

function storm(count: number, from = 0): readonly Alert[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: (from + n) % 400 === 0 ? ("liquidation" as const) : ("shard-off" as const),
    key: `key:${from + n}`,
    atMs: clock.nowMs(),
    text: `number ${from + n};`,
  }));
}

/** Time passes second by second, and the courier looks each time. */
async function pass(courier: Courier, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1_000);
    await courier.turn();
  }
}

describe("the courier", () => {
  it("brings a storm of 1,000 in a handful of messages that count them all, the critical ones alone", async () => {
    const { outbox, courier } = courierOf();
    outbox.take({ alerts: storm(1_000) }, clock.nowMs());
    await courier.turn();
    await pass(courier, 120);
    const texts = apis.slack.map(({ body }) => String(body["text"]));
    expect(texts).toHaveLength(4);
    expect(texts.slice(0, 3).map((text) => /number (\d+)/u.exec(text)?.[1])).toEqual(["0", "400", "800"]);
    expect(texts[3]).toMatch(/^997 alerts: 997 warning\n997 x /u);
    expect(outbox.isEmpty).toBe(true);
    outbox.close();
  });

  it("loses nothing while the other side is dead for ten minutes, and says it in few messages then", async () => {
    const { outbox, courier } = courierOf();
    apis.instead = () => "hang up";
    for (let minute = 0; minute < 10; minute++) {
      outbox.take({ alerts: storm(30, minute * 30) }, clock.nowMs());
      await pass(courier, 60);
    }
    expect(apis.slack).toEqual([]);
    // Tries are spread: 1 s, 2 s, 4 s … 5 minutes.
    expect(apis.asked).toBeLessThan(12);
    apis.instead = () => null;
    await pass(courier, 400);
    const texts = apis.slack.map(({ body }) => String(body["text"]));
    const counted = texts.reduce((sum, text) => sum + Number(/^(\d+) alerts/u.exec(text)?.[1] ?? 1), 0);
    expect(counted).toBe(300);
    expect(texts.length).toBeLessThanOrEqual(4);
    expect(texts[0]).toContain("number 0;");
    outbox.close();
  });

  it("waits as long as the other side wishes, but no longer than fifteen minutes", async () => {
    const { outbox, courier } = courierOf();
    outbox.take({ alerts: storm(1) }, clock.nowMs());
    apis.instead = () => ({ status: 429, headers: { "retry-after": "600" } });
    await pass(courier, 600);
    expect(apis.asked).toBe(1);
    apis.instead = () => ({ status: 429, headers: { "retry-after": "999999" } });
    await pass(courier, 2);
    expect(apis.asked).toBe(2);
    apis.instead = () => null;
    await pass(courier, 898);
    expect(apis.slack).toEqual([]);
    await pass(courier, 3);
    expect(apis.slack).toHaveLength(1);
    outbox.close();
  });

  it("gives up a message that is refused for good, after three tries, and goes on with the next", async () => {
    const { outbox, courier } = courierOf();
    outbox.take({ alerts: storm(1) }, clock.nowMs());
    apis.instead = () => ({ status: 400, body: "invalid_blocks" });
    await pass(courier, 10);
    expect(apis.asked).toBe(3);
    apis.instead = () => null;
    outbox.take({ alerts: storm(1, 7) }, clock.nowMs());
    await pass(courier, 1);
    const { messages = [] } = listOutbox(outboxFile(dataDir), 10) ?? {};
    expect(messages.map(({ state, answer }) => [state, answer])).toEqual([
      ["sent", "200 ok"],
      ["failed", "400 invalid_blocks"],
    ]);
    outbox.close();
  });

  it("keeps the rest back in quiet hours, never the critical ones, and tells it as a digest afterwards", async () => {
    // 00:16 UTC is the clock's beginning.
    const { outbox, courier } = courierOf(new QuietHours("00:00-00:30", "UTC"));
    outbox.take({ alerts: storm(50) }, clock.nowMs());
    await pass(courier, 600);
    expect(apis.slack.map(({ body }) => String(body["text"]))).toEqual([
      expect.stringMatching(/^CRITICAL[^]*number 0;/u),
    ]);
    await pass(courier, 300);
    expect(apis.slack.map(({ body }) => String(body["text"])).slice(1)).toEqual([
      expect.stringMatching(/^49 alerts: 49 warning/u),
    ]);
    outbox.close();
  });

  it("sends nothing again that was taken while the outbox could not note it", async () => {
    const { outbox, courier } = courierOf();
    outbox.take({ alerts: storm(1) }, clock.nowMs());
    const other = new DatabaseSync(outboxFile(dataDir));
    other.exec(
      "CREATE TRIGGER full BEFORE UPDATE OF state ON messages BEGIN SELECT raise(ABORT, 'disk full'); END",
    );
    for (let turn = 0; turn < 3; turn++) await expect(courier.turn()).rejects.toThrow("disk full");
    other.exec("DROP TRIGGER full");
    await pass(courier, 3);
    expect(apis.slack).toHaveLength(1);
    expect(outbox.isEmpty).toBe(true);
    outbox.close();
    other.close();
  });

  it("sends again, with the same id, what may have been sent when it was killed", async () => {
    const { outbox, courier } = courierOf();
    outbox.take({ alerts: storm(1) }, clock.nowMs());
    // Taken by the other side, and its answer lost.
    apis.instead = () => "hang up";
    await courier.turn();
    outbox.close();
    apis.instead = () => null;
    const again = courierOf();
    await pass(again.courier, 2);
    await pass(again.courier, 60);
    expect(apis.slack).toHaveLength(1);
    expect(String(apis.slack[0]?.body["text"])).toMatch(/id [0-9a-f]{8}-1$/u);
    again.outbox.close();
  });
});

describe("the way out", () => {
  it("goes through the proxy that the environment names, but not to this machine", async () => {
    const proxied = new HttpPoster(
      { HTTP_PROXY: "http://127.0.0.1:9", HTTPS_PROXY: "http://127.0.0.1:9" },
      new SystemClock(),
    );
    expect(await slackChannel(secretText(origin + SLACK_PATH), proxied).send(MESSAGE)).toMatchObject({
      type: "sent",
    });
    const far = await proxied.post({ url: "https://hooks.invalid/x", body: "{}", answerMsMax: 5_000 });
    expect(far).toMatchObject({ type: "failed", text: expect.stringContaining("127.0.0.1:9") });
    await proxied.close();
  });
});
