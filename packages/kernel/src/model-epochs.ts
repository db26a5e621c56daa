/**
 * The models that score: one that counts, and one beside it without weight (0: none). An epoch names a loaded model
 * within a run; 0 is the heuristic, every model that is loaded gets the next one.
 */
export interface ModelEpochs {
  model: number;
  challenger: number;
}
