import type { Alert, AlertKind, Severity } from "../kinds.ts";
import type { StoredModelEvent } from "./journaled-turn.ts";

type Kind = StoredModelEvent["kind"];

/** What becomes of each word about a model; null: it is none that a person has to hear of. */
export const MODEL_ALERTS: Readonly<Record<Kind, AlertKind | null>> = {
  refused: "model-refused",
  "rolled-back": "model-rolled-back",
  // Or `model-expired`, by its detail.
  health: "model-drifting",
  // What was wanted, and went well.
  loaded: null,
  "shadow-begun": null,
  "shadow-ended": null,
  swapped: null,
  challenger: null,
};

interface Detail {
  readonly message?: unknown;
  readonly reason?: unknown;
  readonly reasons?: unknown;
  readonly sizeFactor?: unknown;
  readonly level?: unknown;
}

/** The alert behind a word about a model, if there is one: worse health, an end, a refusal. */
export function modelAlert({ atMs, kind, modelId, detailJson }: StoredModelEvent): Alert | null {
  const alert = MODEL_ALERTS[kind];
  if (alert === null || alert === undefined) return null;
  const detail = detailOf(detailJson);
  const words = [detail.message, detail.reason, ...listOf(detail.reasons)].filter(
    (word): word is string => typeof word === "string" && word !== "",
  );
  const of = (found: AlertKind, severity?: Severity): Alert => ({
    kind: found,
    key: `${found}:${modelId}`,
    atMs,
    text: [`Model ${modelId}`, ...words].join(": "),
    ...(severity === undefined ? {} : { severity }),
  });
  if (kind !== "health") return of(alert);
  const { sizeFactor } = detail;
  // It looks as in training again.
  if (sizeFactor === 1) return null;
  if (words.some((word) => word.startsWith("expired "))) return of("model-expired");
  return of(alert, sizeFactor === 0 ? "critical" : undefined);
}

function detailOf(json: string): Detail {
  const value: unknown = JSON.parse(json);
  return typeof value === "object" && value !== null ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
