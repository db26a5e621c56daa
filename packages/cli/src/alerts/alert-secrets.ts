import type { AlertsConfig } from "@smcq/config";
import { namedSecret, type Secret } from "@smcq/exchange-binance/trading";
import { errorMessage, proxyVariables, SmcqError } from "@smcq/kernel";

/** Variables with a secret of a channel; each has a twin `…_FILE` that names a file. */
const VARIABLES = [
  "ALERTS_TELEGRAM_TOKEN",
  "ALERTS_SLACK_URL",
  "ALERTS_DISCORD_URL",
  "ALERTS_WEBHOOK_SECRET",
] as const;
type Variable = (typeof VARIABLES)[number];

/** What is asked of a webhook's secret, so that its signature is worth something. */
const SECRET_LENGTH_MIN = 16;
/** An address, a bot's token, or a long word: no file is called so. */
const SECRETS_OWN_FORM = /:\/\/|^\d+:[\w-]{10,}$|^[\w+=-]{32,}$/;
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export type Environment = Record<string, string | undefined>;

/** Takes the alerts' secrets out of an environment, so that no other process inherits them, with the way out of this machine. */
export function takeAlertsEnvironment(env: Environment): Environment {
  const taken: Environment = { ...proxyVariables(env) };
  for (const name of VARIABLES)
    for (const variable of [name, `${name}_FILE`]) {
      if (env[variable] !== undefined) taken[variable] = env[variable];
      delete env[variable];
    }
  return taken;
}

function secretOf(
  env: Environment,
  what: { readonly name: string; readonly variable: Variable; readonly file: string | null },
): Secret {
  const { name, variable, file } = what;
  // Whoever puts the secret itself where its file is asked for must not find it in a log.
  if ([file, env[`${variable}_FILE`]].some((path) => SECRETS_OWN_FORM.test(path ?? "")))
    throw new SmcqError(
      "ALERTS_SECRET",
      `${name}: the name of its file looks like the secret itself; name a file`,
    );
  try {
    return namedSecret(env, {
      name,
      textVariable: variable,
      fileVariable: `${variable}_FILE`,
      configFile: file ?? undefined,
    });
  } catch (cause) {
    throw new SmcqError("ALERTS_SECRET", errorMessage(cause), { cause });
  }
}

/** Telegram's token; refuses (ALERTS_SECRET) what is none. */
export function telegramToken(env: Environment, { telegram }: AlertsConfig): Secret {
  const secret = secretOf(env, {
    name: "Telegram bot token",
    variable: "ALERTS_TELEGRAM_TOKEN",
    file: telegram.tokenFile,
  });
  if (!/^[0-9]{1,20}:[A-Za-z0-9_-]{10,128}$/.test(secret.reveal()))
    throw new SmcqError(
      "ALERTS_SECRET",
      "the Telegram bot token is refused: wanted NUMBER:LETTERS as BotFather gives it",
    );
  return secret;
}

/** What signs the webhook's messages. */
export function webhookSecret(env: Environment, { webhook }: AlertsConfig): Secret {
  const secret = secretOf(env, {
    name: "webhook secret",
    variable: "ALERTS_WEBHOOK_SECRET",
    file: webhook.secretFile,
  });
  if (secret.reveal().length < SECRET_LENGTH_MIN)
    throw new SmcqError(
      "ALERTS_SECRET",
      `the webhook secret is refused: wanted ${SECRET_LENGTH_MIN} characters at least`,
    );
  return secret;
}

/** The address of Slack's or Discord's webhook; refuses (ALERTS_SECRET) an address elsewhere, and never shows it. */
export function webhookAddress(env: Environment, alerts: AlertsConfig, service: "slack" | "discord"): Secret {
  const { variable, hosts, name } = SERVICES[service];
  const secret = secretOf(env, { name, variable, file: alerts[service].urlFile });
  const url = URL.canParse(secret.reveal()) ? new URL(secret.reveal()) : null;
  const isHere = url !== null && LOOPBACK.has(url.hostname) && ["http:", "https:"].includes(url.protocol);
  const isTheirs = url?.protocol === "https:" && (alerts.allowCustomHost || hosts.includes(url.hostname));
  if (!isHere && !isTheirs)
    throw new SmcqError(
      "ALERTS_SECRET",
      `the ${name} is refused: wanted https://${hosts.join(" or ")}/… (alerts.allowCustomHost allows other hosts)`,
    );
  return secret;
}

const SERVICES: Readonly<
  Record<
    "slack" | "discord",
    { readonly variable: Variable; readonly name: string; readonly hosts: readonly string[] }
  >
> = {
  slack: { variable: "ALERTS_SLACK_URL", name: "address of Slack's webhook", hosts: ["hooks.slack.com"] },
  discord: {
    variable: "ALERTS_DISCORD_URL",
    name: "address of Discord's webhook",
    hosts: ["discord.com", "discordapp.com"],
  },
};
