const ID_LENGTH = 4;

/**
 * The four characters that begin the ids of a run's orders: no two runs of an account have the same ones but by chance, for an
 * order that a run before has left at the venue must not be taken for a new one.
 */
export function engineIdOf(runId: string): string {
  const number = Number.parseInt(runId.replaceAll("-", "").slice(0, 10), 16);
  return (number % 36 ** ID_LENGTH).toString(36).padStart(ID_LENGTH, "0");
}
