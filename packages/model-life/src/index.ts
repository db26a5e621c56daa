export { DRIFT_LIMITS, ModelHealth } from "./health/model-health.ts";
export type { HealthReport, PsiReference, TrainingReference } from "./health/model-health.ts";
export { OUTCOME_BINS, OutcomeBins } from "./health/outcome-bins.ts";
export type { OutcomeBin } from "./health/outcome-bins.ts";
export { ModelLifecycle } from "./model-lifecycle.ts";
export type {
  LifecycleAction,
  LifecycleModel,
  LifecycleNote,
  LifecycleNoteKind,
  LifecycleOptions,
  LifecycleReport,
} from "./model-lifecycle.ts";
export { ModelRoster } from "./model-roster.ts";
export type { RosterModel, Shadow } from "./model-roster.ts";
export { OutcomeTracker } from "./outcome-tracker.ts";
export type { Outcome, PlanEntries } from "./outcome-tracker.ts";
export { RECENT_BARS_MAX } from "./recent-bars.ts";
export type { RecentBars } from "./recent-bars.ts";
export type { ScoredSignal } from "./scored-signal.ts";
export { ShadowTally } from "./shadow-tally.ts";
export type { ShadowResult } from "./shadow-tally.ts";
