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
