/** What a run's row and a backup say they were written by. */
export const ENGINE_VERSION = "0.0.0";
