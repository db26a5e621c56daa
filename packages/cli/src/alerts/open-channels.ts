import {
  type AlertChannel,
  discordChannel,
  HttpPoster,
  QuietHours,
  slackChannel,
  TelegramApi,
  telegramChannel,
  webhookChannel,
} from "@smcq/alerts";
import type { AlertChannelName, AlertsConfig } from "@smcq/config";
import { type Clock, present } from "@smcq/kernel";
import { type Environment, telegramToken, webhookAddress, webhookSecret } from "./alert-secrets.ts";

/** The ways to a person that the settings name. */
export interface OpenChannels {
  readonly channels: readonly AlertChannel[];
  /** Null: Telegram is none of them. */
  readonly telegram: TelegramApi | null;
  readonly quietHours: QuietHours | null;
  close(): Promise<void>;
}

/** Opens them; nothing is sent. Refuses (ALERTS_SECRET, CONFIG_ALERTS_QUIET) what cannot be right. */
export function openChannels(alerts: AlertsConfig, env: Environment, clock: Clock): OpenChannels {
  const { quietHours, timeZone } = alerts;
  const quiet = quietHours === null ? null : new QuietHours(quietHours, timeZone);
  const poster = new HttpPoster(env, clock);
  const telegram = alerts.channels.includes("telegram")
    ? new TelegramApi(alerts.telegram.baseUrl, telegramToken(env, alerts), poster)
    : null;
  const open = (name: AlertChannelName): readonly AlertChannel[] => {
    switch (name) {
      case "telegram": {
        const api = present(telegram, "Invariant: telegram is one of the channels");
        return alerts.telegram.chatIds.map((chatId) => telegramChannel(api, chatId));
      }
      case "slack":
        return [slackChannel(webhookAddress(env, alerts, "slack"), poster)];
      case "discord":
        return [discordChannel(webhookAddress(env, alerts, "discord"), poster)];
      case "webhook": {
        const url = present(alerts.webhook.url, "Invariant: a webhook has an address");
        return [webhookChannel({ url, secret: webhookSecret(env, alerts) }, { poster, clock })];
      }
      default:
        return name satisfies never;
    }
  };
  return {
    channels: alerts.channels.flatMap(open),
    telegram,
    quietHours: quiet,
    close: () => poster.close(),
  };
}
