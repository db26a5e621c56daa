export * from "./kinds.ts";
export * from "./channels/channel.ts";
export { discordChannel } from "./channels/discord.ts";
export { HttpPoster } from "./channels/http-poster.ts";
export { slackChannel } from "./channels/slack.ts";
export { telegramChannel } from "./channels/telegram.ts";
export { TelegramApi } from "./channels/telegram-api.ts";
export { type ConfirmedWord, type Desk, type Look, TelegramTalk } from "./channels/telegram-talk.ts";
export { webhookChannel } from "./channels/webhook.ts";
export { Courier } from "./delivery/courier.ts";
export { type OutgoingMessage, singleMessage } from "./delivery/message.ts";
export { QuietHours } from "./delivery/quiet-hours.ts";
export { Outbox, type OutboxStep, type Position } from "./outbox/outbox.ts";
export {
  listOutbox,
  type ListedAlert,
  type ListedMessage,
  type OutboxListing,
} from "./outbox/outbox-reader.ts";
export { outboxFile } from "./outbox/open-outbox.ts";
export { type Condition, Conditions } from "./rules/conditions.ts";
export * from "./rules/journaled-turn.ts";
export { JournalRules } from "./rules/journal-rules.ts";
export { modelAlert } from "./rules/model-rules.ts";
export { FIRST_STATE, type RulesState } from "./rules/rules-state.ts";
