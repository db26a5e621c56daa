import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { discordText } from "../src/channels/discord.ts";
import { slackText } from "../src/channels/slack.ts";
import { TELEGRAM_LENGTH_MAX, telegramHtml } from "../src/channels/telegram.ts";
import {
  cut,
  digestMessage,
  DIGEST_LINES_MAX,
  singleMessage,
  type ToldAlert,
} from "../src/delivery/message.ts";
import { QuietHours } from "../src/delivery/quiet-hours.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const SIGNS = ["<", ">", "&", '"', "b", "\n", "😀", "币", "‮", "\u0007", "_", "*"];

function told(change: Partial<ToldAlert> = {}): ToldAlert {
  return {
    alertId: 1,
    kind: "liquidation",
    severity: "critical",
    atMs: 0,
    text: "BTCUSDT",
    count: 1,
    ...change,
  };
}

/** Telegram's own check, as far as we know it: our two tags, and nothing else that could be one. */
function isTelegramHtml(text: string): boolean {
  const rest = text.replace(/^<b>([^<>]*)<\/b>\n/u, "$1");
  return !/[<>]/u.test(rest) && !/&(?!amp;|lt;|gt;|quot;)/u.test(rest);
}

describe("the text of a message", () => {
  it("names what happened, what to do, when and its id", () => {
    expect(singleMessage("ab-1", told())).toMatchObject({
      title: "CRITICAL: The venue liquidated a position",
      lines: [
        "BTCUSDT",
        "What to do: docs/guide/runbook.md#liquidation",
        "1970-01-01T00:00:00.000Z, id ab-1",
      ],
    });
    expect(singleMessage("ab-1", told({ count: 7 })).lines).toContain("7 times so far");
  });

  it("of a digest counts by kind, the severe first, and tells ten of them", () => {
    const alerts = Array.from({ length: 1_000 }, (_, at) =>
      told({
        alertId: at,
        ...(at % 500 === 499 ? {} : { kind: "shard-off", severity: "warning", text: `shard ${at}` }),
      }),
    );
    const { title, severity, lines, alertCount } = digestMessage("ab-2", alerts);
    expect([title, severity, alertCount]).toEqual([
      "1000 alerts: 2 critical, 998 warning",
      "critical",
      1_000,
    ]);
    expect(lines.slice(0, 4)).toEqual([
      "2 x The venue liquidated a position (liquidation)",
      "998 x A part of the market is not watched (shard-off)",
      `${DIGEST_LINES_MAX} of them:`,
      "00:00:00Z liquidation: BTCUSDT",
    ]);
    expect(lines).toHaveLength(3 + DIGEST_LINES_MAX + 1);
  });

  it("of a digest tells at least one of each kind, however often another came", () => {
    const alerts = Array.from({ length: 90 }, (_, at) =>
      told({ alertId: at, kind: at === 80 ? "stop-slots" : "foreign-order", severity: "warning" }),
    );
    const ids = digestMessage("ab-3", alerts).alerts.map(({ alertId }) => alertId);
    expect(ids).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 80]);
  });

  it(`is never longer than Telegram takes, and never markup, whatever it says (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    for (let round = 0; round < 200; round++) {
      const text = Array.from({ length: rng.int(9_000) }, () => SIGNS[rng.int(SIGNS.length)]).join("");
      const html = telegramHtml(text.slice(0, rng.int(500)), text.split("\n"));
      expect(html.length).toBeLessThanOrEqual(TELEGRAM_LENGTH_MAX);
      expect(isTelegramHtml(html)).toBe(true);
      expect(html.isWellFormed()).toBe(true);
    }
    const long = telegramHtml("t", ["<".repeat(5_000)]);
    expect(long.length).toBeGreaterThan(TELEGRAM_LENGTH_MAX - 10);
  });

  it("leaves no markup of Slack and Discord in it", () => {
    expect(slackText("<!channel> & <http://x|y>")).toBe("&lt;!channel&gt; &amp; &lt;http://x|y&gt;");
    expect(discordText("@everyone [x](y) **b**")).toBe(String.raw`\@everyone \[x\]\(y\) \*\*b\*\*`);
  });

  it("is cut between signs", () => {
    expect(cut("abc", 3)).toBe("abc");
    expect(cut("a😀b", 3)).toBe("a…");
    expect(cut("a😀bc", 4)).toBe("a😀…");
  });
});

describe("quiet hours", () => {
  const HOUR_MS = 3_600_000;
  /** 2026-07-01T00:00Z. */
  const SUMMER_MS = 1_782_864_000_000;

  it.each([
    ["22:00-07:00", "UTC", [21, 22, 0, 6, 7], [false, true, true, true, false]],
    ["22:00-07:00", "Europe/Berlin", [19, 20, 4, 5], [false, true, true, false]],
    ["09:30-17:00", "America/New_York", [13, 14, 20, 21], [false, true, true, false]],
  ] as const)("%s in %s", (text, zone, hours, quiet) => {
    const found = new QuietHours(text, zone);
    expect(hours.map((hour) => found.isQuiet(SUMMER_MS + hour * HOUR_MS))).toEqual(quiet);
  });

  it.each([
    ["7-9", "UTC"],
    ["24:00-07:00", "UTC"],
    ["07:00-07:00", "UTC"],
    ["22:00-07:00", "Mars/Olympus"],
  ])("refuse %s in %s", (text, zone) => {
    expect(() => new QuietHours(text, zone)).toThrow(/^alerts\./u);
  });
});
