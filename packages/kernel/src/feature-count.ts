/**
 * Numbers that describe a candidate: the width of a row in shared memory, in the ledger, in a data set and in a model.
 * What they mean is the `FEATURES` table's word (features); this much of it is known to those who only carry them.
 */
export const FEATURE_COUNT = 12;
