import { z } from "zod";
import type { AlertsConfig, EngineConfig } from "../engine-config.ts";
import { type Contradiction, DAY_MS, integer, text } from "../fields.ts";

const secretFile = (what: string, variable: string): z.ZodDefault<z.ZodNullable<z.ZodString>> =>
  text(4_096)
    .nullable()
    .default(null)
    .describe(`file of mode 0600 with ${what}; null: the environment's ${variable} or ${variable}_FILE`);

const ids = (what: string): z.ZodDefault<z.ZodArray<z.ZodString>> =>
  z
    .array(text(32).regex(/^-?[0-9]+$/))
    .max(16)
    .default([])
    .describe(what);

export const alerts: z.ZodType<AlertsConfig> = z
  .strictObject({
    channels: z
      .array(z.enum(["telegram", "slack", "discord", "webhook"]))
      .max(4)
      .default([])
      .describe("ways by which a person is told of what matters, in a process of its own; empty: none"),
    severityMin: z
      .enum(["info", "warning", "critical"])
      .default("warning")
      .describe("least severity that is told; info tells every trade and a summary of the day"),
    repeatMs: integer(0, DAY_MS)
      .default(600_000)
      .describe("the same within this time is counted up (wall time)"),
    messagesPerMinuteMax: integer(1, 60)
      .default(5)
      .describe("messages a channel and minute besides 5 critical ones; more become one digest"),
    quietHours: text(11)
      .regex(/^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$/)
      .nullable()
      .default(null)
      .describe(
        "hours such as 22:00-07:00 in which only what is critical is told; the rest follows as a digest",
      ),
    timeZone: text(64).default("UTC").describe("time zone of the quiet hours, e.g. Europe/Berlin"),
    diskFreeMbMin: integer(0, 1_048_576)
      .default(1_024)
      .describe("free space of the data folder's disk, MiB, below which it is told; 0: never"),
    allowCustomHost: z
      .boolean()
      .default(false)
      .describe("allow other hosts than the services' own and loopback for telegram, slack and discord"),
    telegram: z
      .strictObject({
        chatIds: ids("chats that are told, and in which words are heard"),
        userIds: ids(
          "persons whose words are heard (status, positions, pnl, halt, flatten); empty: nobody's",
        ),
        tokenFile: secretFile("the bot's token", "ALERTS_TELEGRAM_TOKEN"),
        baseUrl: text(2_048)
          .regex(/^https?:\/\/./)
          .default("https://api.telegram.org")
          .describe("base of the Bot API, without path"),
      })
      .prefault({}),
    slack: z
      .strictObject({ urlFile: secretFile("the address of the incoming webhook", "ALERTS_SLACK_URL") })
      .prefault({}),
    discord: z
      .strictObject({ urlFile: secretFile("the address of the webhook", "ALERTS_DISCORD_URL") })
      .prefault({}),
    webhook: z
      .strictObject({
        url: text(2_048)
          .regex(/^https?:\/\/./)
          .nullable()
          .default(null)
          .describe("where signed JSON is posted to; unencrypted on loopback only"),
        secretFile: secretFile("the secret that signs it", "ALERTS_WEBHOOK_SECRET"),
      })
      .prefault({}),
  })
  .prefault({});

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

function isPlainAndRemote(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { protocol, hostname } = new URL(url);
  return protocol !== "https:" && !LOOPBACK.has(hostname);
}

/** The rules between the settings of the alerts. */
export function alertRules({ alerts: own }: EngineConfig): readonly Contradiction[] {
  const found: Contradiction[] = [];
  const { channels, telegram, webhook } = own;
  if (new Set(channels).size !== channels.length)
    found.push({ paths: ["alerts.channels"], rule: "names a channel twice" });
  if (channels.includes("telegram") && telegram.chatIds.length === 0)
    found.push({
      paths: ["alerts.telegram.chatIds", "alerts.channels"],
      rule: "needs a chat: alerts.channels names telegram",
    });
  if (channels.includes("webhook") && webhook.url === null)
    found.push({
      paths: ["alerts.webhook.url", "alerts.channels"],
      rule: "is missing: alerts.channels names webhook",
    });
  if (webhook.url !== null && isPlainAndRemote(webhook.url))
    found.push({ paths: ["alerts.webhook.url"], rule: "must be https, or on loopback" });
  if (isPlainAndRemote(telegram.baseUrl))
    found.push({ paths: ["alerts.telegram.baseUrl"], rule: "must be https, or on loopback" });
  else if (!own.allowCustomHost && !isOwnHost(telegram.baseUrl))
    found.push({
      paths: ["alerts.telegram.baseUrl", "alerts.allowCustomHost"],
      rule: "must be api.telegram.org or on loopback (alerts.allowCustomHost lifts this)",
    });
  return found;
}

function isOwnHost(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === "api.telegram.org" || LOOPBACK.has(hostname);
}
