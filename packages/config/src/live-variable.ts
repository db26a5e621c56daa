/** The second key of mode live (docs/security.md section 5); no setting, so that no file can hold it. */
export const LIVE_VARIABLE = "SMCQ_LIVE";
