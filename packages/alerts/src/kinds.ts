/** How much it matters: `critical` wakes a person at any hour. */
export const SEVERITIES = ["info", "warning", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What is known of a kind of alert. */
export interface KindFacts {
  readonly severity: Severity;
  /** In a person's words, without what it happened to. */
  readonly title: string;
  /**
   * It is told only when it has lasted so long, by the time of the journal or of the look, ms; streams and clocks come and go.
   */
  readonly holdMs?: number;
}

const critical = (title: string): KindFacts => ({ severity: "critical", title });
const warning = (title: string, holdMs = 0): KindFacts => ({ severity: "warning", title, holdMs });
const info = (title: string): KindFacts => ({ severity: "info", title });

/** What does not heal by itself within this time is worth a word, ms. */
export const PASSING_MS = 30_000;

/** Every kind of alert; each has an entry of its name in docs/guide/runbook.md. */
export const ALERT_KINDS = [
  "halted-operator",
  "halted-drawdown",
  "halted-liquidation",
  "halted-protection",
  "key-refused",
  "hedge-mode",
  "second-engine",
  "account-stream-lost",
  "outcome-unknown",
  "account-doubtful",
  "protection-failing",
  "unknown-symbol",
  "ledger-unsound",
  "stop-slots",
  "liquidation-near",
  "trading-locked",
  "account-lease",
  "trading-active",
  "position-unguarded",
  "left-unguarded",
  "liquidation",
  "adl",
  "closed-by-others",
  "daily-loss-stop",
  "daily-loss-flatten",
  "reconciliation-difference",
  "foreign-order",
  "operator-word",
  "shard-off",
  "clock-doubtful",
  "model-refused",
  "model-rolled-back",
  "model-drifting",
  "model-expired",
  "model-invalid-scores",
  "ledger-rows-lost",
  "ledger-unreadable",
  "ledger-replaced",
  "disk-low",
  "audit-parity",
  "engine-restarted",
  "engine-crashed",
  "engine-given-up",
  "engine-ended",
  "engine-silent",
  "alerts-restarted",
  "alerts-dropped",
  "run-begun",
  "trade-opened",
  "trade-closed",
  "daily-summary",
  "test",
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

const KINDS: Readonly<Record<AlertKind, KindFacts>> = {
  // Nothing is entered until a person resumes.
  "halted-operator": warning("Trading was halted by a person"),
  "halted-drawdown": critical("Trading halted: the drawdown has reached its limit"),
  "halted-liquidation": critical("Trading halted: the venue liquidated a position"),
  "halted-protection": critical("Trading halted: positions could not be protected"),
  "key-refused": critical("Trading halted: the venue refuses the API key"),
  "hedge-mode": critical("Trading halted: the account is in hedge mode"),
  "second-engine": critical("Trading halted: a second engine trades on this account"),
  // Nothing is entered for now.
  "account-stream-lost": warning("The account's messages do not come", PASSING_MS),
  "outcome-unknown": critical("What became of an order is unknown for more than 5 seconds"),
  "account-doubtful": critical("The wallet is not what it should be, or nothing is left of it"),
  "protection-failing": critical("Stops could not be placed twice in a short time"),
  "unknown-symbol": warning("The account trades a symbol whose rules are unknown"),
  "ledger-unsound": critical("The ledger does not keep the journal in time"),
  "stop-slots": warning("The account's places for stop orders are nearly used up"),
  "liquidation-near": critical("A position is close to its liquidation"),
  "trading-locked": critical("The venue has locked trading on this account"),
  "account-lease": critical("This host does not hold the account's lease, and sends nothing"),
  "trading-active": warning("Trading goes on"),
  // What is held.
  "position-unguarded": critical("A position stands without a confirmed stop"),
  "left-unguarded": critical("A position was left because no stop could be placed"),
  liquidation: critical("The venue liquidated a position"),
  adl: critical("The venue closed a position to cover others' losses (ADL)"),
  "closed-by-others": warning("A position was closed by somebody else"),
  "daily-loss-stop": warning("The day's loss has reached its limit: nothing is entered today"),
  "daily-loss-flatten": critical("The day's loss has flattened everything"),
  "reconciliation-difference": critical("The venue holds something else than the books say"),
  "foreign-order": warning("Somebody else ordered on this account"),
  "operator-word": warning("A person has told the engine something"),
  // What everything stands on.
  "shard-off": warning("A part of the market is not watched", PASSING_MS),
  "clock-doubtful": warning("The venue's time is not known", PASSING_MS),
  "model-refused": warning("A new version of the model was refused"),
  "model-rolled-back": warning("The model gave no probabilities: the one before is back"),
  "model-drifting": warning("Live data no longer look as in the model's training"),
  "model-expired": warning("The model has expired: nothing is traded by it"),
  "model-invalid-scores": warning("The model gave no probability for some candidates"),
  "ledger-rows-lost": critical("The journal has a hole"),
  "ledger-unreadable": critical("The ledger cannot be read"),
  "ledger-replaced": warning("Another ledger stands in the data folder"),
  "audit-parity": warning("The engine did not do what the bars say"),
  "disk-low": critical("The disk of the data folder is nearly full"),
  "engine-restarted": warning("The engine was started again and goes on with its run"),
  "engine-crashed": critical("The engine's process has ended unexpectedly"),
  "engine-given-up": critical("The engine crashed too often: it is not started again"),
  "engine-ended": critical("The engine has ended with an error"),
  "engine-silent": critical("The engine does not answer"),
  "alerts-restarted": warning("The alerts themselves were away"),
  "alerts-dropped": critical("Alerts were dropped: the outbox was full"),
  // Worth to know.
  "run-begun": info("A run has begun"),
  "trade-opened": info("A trade was opened"),
  "trade-closed": info("A trade was closed"),
  "daily-summary": info("The day"),
  test: info("A test of the alerts"),
};

/** What is known of a kind. */
export function factsOf(kind: AlertKind): KindFacts {
  return KINDS[kind];
}

/** Something that happened and that a person may have to hear of. */
export interface Alert {
  readonly kind: AlertKind;
  /** What the same again within a while counts up. */
  readonly key: string;
  /** When it happened, ms: the venue's time of the journal, or the wall's. */
  readonly atMs: number;
  /** What happened to what, in a line or a few. */
  readonly text: string;
  /** Another severity than the kind's. */
  readonly severity?: Severity;
}

/** How much an alert matters. */
export function severityOf({ kind, severity }: Pick<Alert, "kind" | "severity">): Severity {
  return severity ?? factsOf(kind).severity;
}

/** 0 is the least. */
export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
