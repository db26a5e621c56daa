export { SMC_PARAMETERS } from "./parameters.ts";
export type { SmcParameters } from "./parameters.ts";
export { EVENT_NAMES, EVENTS_PER_BAR_MAX, EventBuffer, SmcEvent } from "./events.ts";
export { SmcDetector } from "./detector.ts";
export { StructureDetector } from "./structure-detector.ts";
export { detect, isDisplacement } from "./detect.ts";
export type {
  DetectedBlock,
  DetectedEvent,
  DetectedGap,
  DetectedLevel,
  DetectedPool,
  Detection,
} from "./detect.ts";
export type { LiveBlock, LiveGap, LiveObjects, LivePool } from "./trackers/live-objects.ts";
export { literalBlock, literalGap, literalStructure, literalSweep } from "./literal.ts";
export type { LiteralBlock, LiteralGap, LiteralSweep } from "./literal.ts";
export type { OrderBlockTracker } from "./trackers/order-block-tracker.ts";
export type { FairValueGapTracker } from "./trackers/fair-value-gap-tracker.ts";
export type { LiquidityPoolTracker } from "./trackers/liquidity-pool-tracker.ts";
