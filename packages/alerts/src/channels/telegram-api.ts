import type { SecretText } from "./channel.ts";
import type { HttpAnswer, HttpPoster } from "./http-poster.ts";

/** What an answer is waited for beyond a method's own wait, wall ms. */
const ANSWER_MS_MAX = 15_000;

/** An answer of the Bot API: `ok` with its result, or an error with Telegram's own words and wish. */
export interface TelegramAnswer {
  readonly http: HttpAnswer;
  readonly isOk: boolean;
  readonly result: unknown;
}

/** Telegram's Bot API: `POST BASE/botTOKEN/METHOD` with JSON. */
export class TelegramApi {
  readonly #baseUrl: string;
  readonly #token: SecretText;
  readonly #poster: HttpPoster;

  constructor(baseUrl: string, token: SecretText, poster: HttpPoster) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#token = token;
    this.#poster = poster;
  }

  get token(): SecretText {
    return this.#token;
  }

  async call(
    method: string,
    parameters: object,
    { waitMs = 0, signal }: { readonly waitMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<TelegramAnswer> {
    const http = await this.#poster.post({
      url: `${this.#baseUrl}/bot${this.#token.reveal()}/${method}`,
      body: JSON.stringify(parameters),
      answerMsMax: waitMs + ANSWER_MS_MAX,
      ...(signal === undefined ? {} : { signal }),
    });
    if (http.type === "failed") return { http, isOk: false, result: null };
    const said = parsed(http.text);
    const wish = said.parameters?.retry_after;
    const retryAfterMs = typeof wish === "number" && wish >= 0 ? wish * 1_000 : http.retryAfterMs;
    const isOk = http.status >= 200 && http.status < 300 && said.ok === true;
    return { http: { ...http, retryAfterMs }, isOk, result: said.result ?? null };
  }
}

interface Said {
  readonly ok?: unknown;
  readonly result?: unknown;
  readonly parameters?: { readonly retry_after?: unknown } | null;
}

function parsed(text: string): Said {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // Not Telegram's own word: a proxy's page, which the status tells of.
    return {};
  }
}
