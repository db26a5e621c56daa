import {
  ALERT_KINDS,
  listOutbox,
  type OutboxListing,
  outboxFile,
  SEVERITIES,
  singleMessage,
} from "@smcq/alerts";
import { SmcqError, SystemClock } from "@smcq/kernel";
import { randomBytes } from "node:crypto";
import type { Argv, CommandModule } from "yargs";
import { takeAlertsEnvironment } from "../alerts/alert-secrets.ts";
import { openChannels } from "../alerts/open-channels.ts";
import { ExitCode } from "../exit-codes.ts";
import { textTable } from "../offline/ledger/answer/text-table.ts";
import { isoText } from "../offline/ledger/answer/utc-time.ts";
import { printResult } from "../output/print-result.ts";
import { loadSettings } from "./settings.ts";

type Args = Readonly<Record<string, unknown>>;

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 10_000;

/** `smcq alert test|list`: whether a person would hear, and what he was told. */
export function alertCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "alert",
    describe: "try the channels of the alerts, and list what they were given",
    builder: (argv) =>
      argv
        .command({
          command: "test",
          describe: "send one message of each severity and say what each channel answers",
          builder: (own: Argv) =>
            common(own).option("channel", {
              type: "string",
              requiresArg: true,
              describe: "only this one: telegram, slack, discord or webhook",
            }),
          handler: async (args: Args) => setExitCode(await testChannels(args)),
        })
        .command({
          command: "list",
          describe: "what waits, what was sent and what was refused, the newest first",
          builder: (own: Argv) =>
            common(own).option("limit", {
              type: "number",
              requiresArg: true,
              default: LIMIT_DEFAULT,
              describe: `how many rows at most, 1..${LIMIT_MAX}`,
            }),
          handler: async (args: Args) => list(args),
        })
        .demandCommand(1, "one of test or list is needed"),
    handler: () => {},
  };
}

function common(argv: Argv): Argv {
  return argv
    .option("data-dir", { type: "string", requiresArg: true, describe: "the folder that the engine runs on" })
    .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
    .option("set", { type: "string", array: true, requiresArg: true, describe: "any setting by its path" })
    .option("json", { type: "boolean", describe: "as JSON" });
}

async function testChannels(args: Args): Promise<number> {
  const { config } = loadSettings(args);
  const wanted = args["channel"];
  const { channels: named } = config.alerts;
  if (named.length === 0)
    throw new SmcqError("USAGE_CHANNEL", "no channel is configured: set alerts.channels");
  const channels = named.filter((name) => wanted === undefined || name === wanted);
  if (channels.length === 0)
    throw new SmcqError(
      "USAGE_CHANNEL",
      `--channel: must be one of those in alerts.channels: ${named.join(", ")}`,
    );
  const clock = new SystemClock();
  const open = openChannels({ ...config.alerts, channels }, takeAlertsEnvironment(process.env), clock);
  const id = randomBytes(4).toString("hex");
  const tries: { channel: string; severity: string; result: string; answer: string }[] = [];
  try {
    for (const channel of open.channels)
      for (const [at, severity] of SEVERITIES.entries()) {
        const alert = {
          alertId: at,
          kind: "test" as const,
          severity,
          atMs: clock.nowMs(),
          text: "Nothing has happened.",
          count: 1,
        };
        const { type, answer } = await channel.send(singleMessage(`test-${id}-${at}`, alert));
        tries.push({
          channel: channel.name,
          severity,
          result: type === "sent" ? "sent" : "not sent",
          answer,
        });
      }
  } finally {
    await open.close();
  }
  const lines = tries.map(
    ({ channel, severity, result, answer }) => `${channel} ${severity}: ${result} (${answer})\n`,
  );
  await printResult(args["json"] === true ? `${JSON.stringify({ tries }, null, 2)}\n` : lines.join(""));
  return tries.every(({ result }) => result === "sent") ? ExitCode.Ok : ExitCode.Alerts;
}

async function list(args: Args): Promise<void> {
  const limit = args["limit"];
  if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    throw new SmcqError("USAGE_LIMIT", `--limit: must be a whole number from 1 to ${LIMIT_MAX}`);
  const { config } = loadSettings(args);
  const file = outboxFile(config.dataDir);
  const listing = listOutbox(file, limit) ?? { waiting: [], messages: [], totals: [] };
  await printResult(
    args["json"] === true ? `${JSON.stringify(shown(listing), null, 2)}\n` : listingText(listing),
  );
}

function shown({ waiting, messages, totals }: OutboxListing): object {
  return {
    kinds: ALERT_KINDS,
    totals,
    waiting: waiting.map(({ channel, kind, severity, atMs, text, count }) => ({
      channel,
      kind,
      severity,
      time: isoText(atMs),
      text,
      count,
    })),
    messages: messages.map(
      ({ madeMs, sentMs, id, channel, state, severity, title, alerts, tries, answer }) => ({
        id,
        channel,
        state,
        severity,
        title,
        alerts,
        tries,
        made: isoText(madeMs),
        sent: sentMs === null ? null : isoText(sentMs),
        answer,
      }),
    ),
  };
}

const COLUMNS = [
  { name: "time" },
  { name: "channel", mayShrink: true },
  { name: "state" },
  { name: "severity" },
  { name: "what" },
  { name: "answer", mayShrink: true },
];

function listingText({ waiting, messages, totals }: OutboxListing): string {
  if (totals.length === 0) return "no alert so far\n";
  const counts = totals.map(
    ({ channel, pending, sent, failed, waiting: waits, dropped }) =>
      `${channel}: ${sent} sent, ${pending} on their way, ${waits} waiting, ${failed} refused, ${dropped} dropped\n`,
  );
  const rows = [
    ...waiting.map(({ channel, kind, severity, atMs, count }) => [
      isoText(atMs),
      channel,
      "waiting",
      severity,
      `${kind} x${count}`,
      "",
    ]),
    ...messages.map(({ madeMs, channel, state, severity, title, answer }) => [
      isoText(madeMs),
      channel,
      state,
      severity,
      title,
      answer,
    ]),
  ];
  return `${counts.join("")}\n${textTable(COLUMNS, rows)}`;
}
