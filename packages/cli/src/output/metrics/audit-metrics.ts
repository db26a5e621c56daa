import type { AuditLine } from "../../offline/audit/audits-file.ts";
import type { Metric } from "./metric.ts";

/** What the last `smcq audit` of the data folder found; none before the first. */
export function auditMetrics(audit: AuditLine | null, nowMs: number): Metric[] {
  if (audit === null) return [];
  const { atMs, parity, classes } = audit;
  const shares = classes.flatMap(({ name, parity: own }) => (own === null ? [] : [[name, own] as const]));
  return [
    ...(parity === null
      ? []
      : [
          {
            name: "audit_parity",
            help: "share of what the engine did that a fresh scan of the same bars gives too, lowest class, by the last audit",
            type: "gauge",
            value: parity,
          } as const,
        ]),
    ...shares.map(([name, value]): Metric => ({
      name: "audit_class_parity",
      help: "the same by class: bars, candidates, features, scores, decisions, fills",
      type: "gauge",
      labels: { class: name },
      value,
    })),
    {
      name: "audit_age_seconds",
      help: "since the last audit was made",
      type: "gauge",
      value: Math.max(0, nowMs - atMs) / 1_000,
    },
  ];
}
