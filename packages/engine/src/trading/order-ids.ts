import type { OrderRole } from "@smcq/exchange";

const LETTERS: Readonly<Record<OrderRole, string>> = {
  entry: "E",
  stop: "S",
  target: "T",
  exit: "X",
  adopted: "A",
};

const ROLES = Object.keys(LETTERS) as OrderRole[];
export const ENGINE_ID_LENGTH = 4;

/** `<engine 4><kind 1><intent base36>-<attempt>`: at most 36 characters, one entry order an intent for ever. */
export function clientOrderId(engineId: string, role: OrderRole, intent: number, attempt: number): string {
  return `${engineId}${LETTERS[role]}${intent.toString(36)}-${attempt}`;
}

const OWN_FORM = /^([0-9a-z]{4})[ESTXA]([0-9a-z]+)-\d+$/;

/** The role of an order of ours by its id; null: it has none of them. */
export function roleOf(id: string): OrderRole | null {
  const letter = id[ENGINE_ID_LENGTH];
  return ROLES.find((role) => LETTERS[role] === letter) ?? null;
}

/** What an id of this form tells of whose it is; null: it has another form, and is no engine's. */
export function madeBy(id: string): { readonly engineId: string; readonly intent: number } | null {
  const [, engineId, intent] = OWN_FORM.exec(id) ?? [];
  if (engineId === undefined || intent === undefined) return null;
  return { engineId, intent: Number.parseInt(intent, 36) };
}
