import { type Clock, errorMessage, parseDateMs, proxyVariables } from "@smcq/kernel";
import { Agent, type Dispatcher, EnvHttpProxyAgent } from "undici";

/** Until a connection must stand, wall ms. */
const CONNECT_MS_MAX = 10_000;
/** Of an answer only so much is read. */
const ANSWER_BYTES_MAX = 65_536;
/** Connections to one host. */
const CONNECTIONS_MAX = 4;
const LOOPBACK = "localhost,127.0.0.1,::1";

/** An answer over HTTP, or why there is none. */
export type HttpAnswer =
  | {
      readonly type: "answer";
      readonly status: number;
      readonly text: string;
      readonly retryAfterMs: number | null;
    }
  | { readonly type: "failed"; readonly text: string };

export interface PostRequest {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Until the answer must have begun, wall ms. */
  readonly answerMsMax: number;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/** Posts JSON, through the proxy that the environment names; redirects are not followed. */
export class HttpPoster {
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;

  constructor(env: Readonly<Record<string, string | undefined>>, clock: Clock) {
    const {
      https_proxy: httpsProxy,
      http_proxy: httpProxy,
      all_proxy: all,
      no_proxy: noProxy,
    } = proxyVariables(env);
    const options = {
      connect: { timeout: CONNECT_MS_MAX },
      connections: CONNECTIONS_MAX,
      maxResponseSize: ANSWER_BYTES_MAX,
    };
    const https = httpsProxy ?? all;
    const http = httpProxy ?? all;
    this.#clock = clock;
    this.#dispatcher =
      https === undefined && http === undefined
        ? new Agent(options)
        : new EnvHttpProxyAgent({
            ...options,
            ...(https === undefined ? {} : { httpsProxy: https }),
            ...(http === undefined ? {} : { httpProxy: http }),
            noProxy: noProxy === undefined ? LOOPBACK : `${noProxy},${LOOPBACK}`,
          });
  }

  async post({ url, body, headers = {}, answerMsMax, signal }: PostRequest): Promise<HttpAnswer> {
    try {
      const { origin, pathname, search } = new URL(url);
      const answer = await this.#dispatcher.request({
        origin,
        path: pathname + search,
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body,
        headersTimeout: answerMsMax,
        bodyTimeout: answerMsMax,
        ...(signal === undefined ? {} : { signal }),
      });
      const text = await answer.body.text();
      const retryAfter = answer.headers["retry-after"];
      return {
        type: "answer",
        status: answer.statusCode,
        text,
        retryAfterMs: this.#retryAfterMs(retryAfter),
      };
    } catch (error) {
      return { type: "failed", text: errorMessage(error) };
    }
  }

  /** Seconds, or a date (RFC 9110); null: nothing that can be read. */
  #retryAfterMs(header: string | string[] | undefined): number | null {
    const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? "";
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
    const dateMs = parseDateMs(text);
    return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - this.#clock.nowMs());
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }
}
