import type { OrderRole } from "@smcq/exchange";

const LETTERS: Readonly<Record<OrderRole, string>> = {
  entry: "E",
  stop: "S",
  target: "T",
  exit: "X",
  adopted: "A",
};

/** `<engine 4><kind 1><intent base36>-<attempt>`: at most 36 characters, one entry order an intent for ever. */
export function clientOrderId(engineId: string, role: OrderRole, intent: number, attempt: number): string {
  return `${engineId}${LETTERS[role]}${intent.toString(36)}-${attempt}`;
}

const OWN_FORM = /^([0-9a-z]{4})[ESTXA]([0-9a-z]+)-\d+$/;

/** What an id of this form tells of whose it is; null: it has another form, and is no engine's. */
export function madeBy(id: string): { readonly engineId: string; readonly intent: number } | null {
  const [, engineId, intent] = OWN_FORM.exec(id) ?? [];
  if (engineId === undefined || intent === undefined) return null;
  return { engineId, intent: Number.parseInt(intent, 36) };
}
