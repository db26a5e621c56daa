import { signal } from "@preact/signals";

const KEY = "smcq.token";

/** Of this tab; null: nobody has shown one. */
export const token = signal<string | null>(sessionStorage.getItem(KEY));
/** Why there is none. */
export const tokenProblem = signal<string | null>(null);
/** The second token, for words to the engine: kept as long as the page is open, and nowhere else. */
export const controlToken = signal<string>("");

export function keepToken(given: string): void {
  sessionStorage.setItem(KEY, given);
  tokenProblem.value = null;
  token.value = given;
}

export function dropToken(why: string | null): void {
  sessionStorage.removeItem(KEY);
  tokenProblem.value = why;
  token.value = null;
}

/** The code of the printed link, once: it does not stay in the address. */
export function takeCode(): string | null {
  const [, code] = /^#code=([\w-]+)$/.exec(location.hash) ?? [];
  if (code === undefined) return null;
  history.replaceState(null, "", "/");
  return code;
}

/** Exchanges the printed link's code for the token. */
export async function openSession(code: string): Promise<void> {
  try {
    const response = await fetch("/api/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    const answer = (await response.json()) as { readonly token?: string; readonly message?: string };
    if (answer.token === undefined) dropToken(answer.message ?? "the link was refused");
    else keepToken(answer.token);
  } catch {
    dropToken("the dashboard's server does not answer");
  }
}
