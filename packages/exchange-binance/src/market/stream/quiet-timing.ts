import { CONNECTION_TIMING, type GroupTiming } from "./stream-group.ts";

/** Of streams that may be silent for long, and whose silence is no fault: only pings and the 23 h rotation watch over them. */
export const QUIET_TIMING: GroupTiming = {
  dataSilenceMsMax: Number.POSITIVE_INFINITY,
  dataSilenceFewMsMax: Number.POSITIVE_INFINITY,
  fewStreamsMax: 0,
  dataSilenceWallMsMin: 0,
  ...CONNECTION_TIMING,
};
