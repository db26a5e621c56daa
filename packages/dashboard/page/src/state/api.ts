import { useEffect, useState } from "preact/hooks";
import { CONTROL_HEADER, type ControlWord } from "../../../src/contract.ts";
import { controlToken, dropToken, token } from "./session.ts";
import { every, nowMs } from "./time.ts";

export type Parameters = Readonly<Record<string, string>>;

/** The server's no, in its own words. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly method: "POST";
  readonly body: string;
}

async function send(path: string, request: Partial<Sent> = {}): Promise<Response> {
  const headers = { ...request.headers, authorization: `Bearer ${token.value ?? ""}` };
  let response: Response;
  try {
    response = await fetch(path, { ...request, headers });
  } catch {
    throw new ApiError(0, "the dashboard's server does not answer");
  }
  if (response.ok) return response;
  const { code, message } = (await response.json()) as { readonly code: string; readonly message: string };
  if (response.status === 401 && !message.startsWith("the control")) dropToken(message);
  throw new ApiError(response.status, code.startsWith("DASHBOARD") ? message : `${message} (${code})`);
}

function pathOf(name: string, parameters: Parameters): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== "");
  return `/api/${name}${given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`}`;
}

export async function ask<T>(name: string, parameters: Parameters): Promise<T> {
  const response = await send(pathOf(name, parameters));
  return (await response.json()) as T;
}

/** Saves an answer as a file. */
export async function save(name: string, parameters: Parameters): Promise<void> {
  const response = await send(pathOf(name, { ...parameters, format: "csv" }));
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}

/** Says a word to the engine, with a number that is good once. */
export async function say(word: ControlWord, confirm: string): Promise<unknown> {
  const post = async (path: string, body: object): Promise<unknown> => {
    const headers = { "content-type": "application/json", [CONTROL_HEADER]: controlToken.value };
    const response = await send(path, { method: "POST", headers, body: JSON.stringify(body) });
    return response.json();
  };
  const { nonce } = (await post("/api/nonce", {})) as { readonly nonce: string };
  const { answer } = (await post("/api/control", { ...word, confirm, nonce })) as {
    readonly answer: unknown;
  };
  return answer;
}

/** What is known of a question's answer; `askedMs`: when it came. */
export interface Asked<T> {
  readonly data: T | null;
  readonly askedMs: number | null;
  readonly problem: string | null;
}

/** Asks now, whenever the parameters change, and again and again. The last answer stays when the next one fails. */
export function useAsked<T>(name: string, parameters: Parameters, againMs: number): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({ data: null, askedMs: null, problem: null });
  const key = pathOf(name, parameters);
  useEffect(() => {
    let isGone = false;
    let isBusy = false;
    const look = async (): Promise<void> => {
      if (isBusy || document.hidden) return;
      isBusy = true;
      try {
        const data = await ask<T>(name, parameters);
        if (!isGone) setAsked({ data, askedMs: nowMs(), problem: null });
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error);
        if (!isGone) setAsked((before) => ({ ...before, problem }));
      } finally {
        isBusy = false;
      }
    };
    setAsked({ data: null, askedMs: null, problem: null });
    void look();
    const stop = every(againMs, () => void look());
    return () => {
      isGone = true;
      stop();
    };
  }, [key, againMs]);
  return asked;
}
