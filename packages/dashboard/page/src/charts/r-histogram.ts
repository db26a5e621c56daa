/** Results of half a stop distance share a bar; what lies beyond the ends shares one each. */
const WIDTH = 0.5;
const LOW = -2;
const HIGH = 4;

export interface RBar {
  readonly label: string;
  readonly count: number;
  readonly tone: string;
}

/** How many trades ended with which result, in stop distances. */
export function rHistogram(results: readonly number[]): readonly RBar[] {
  const inner = Array.from({ length: (HIGH - LOW) / WIDTH }, (_, at): RBar => {
    const from = LOW + at * WIDTH;
    const count = results.filter((r) => r >= from && r < from + WIDTH).length;
    return { label: `${sign(from)} to ${sign(from + WIDTH)}`, count, tone: from < 0 ? "bad" : "good" };
  });
  const below = results.filter((r) => r < LOW).length;
  const above = results.filter((r) => r >= HIGH).length;
  return [
    { label: `below ${sign(LOW)}`, count: below, tone: "bad" },
    ...inner,
    { label: `${sign(HIGH)} and more`, count: above, tone: "good" },
  ];
}

function sign(value: number): string {
  return value > 0 ? `+${value}` : String(value);
}
