import { RESULT_ROW, type ResultRow } from "@smcq/wire";

/** Of every field of the table its name and how many values it has; all of them are set and looked at. */
const FIELDS = RESULT_ROW.fields.map(({ name, count }) => ({ name: name as keyof ResultRow, count }));

/** The value of the `at`-th number of row `index`; exact in a float32 and in an int32. */
const valueOf = (index: number, at: number): number => ((index * 31 + at) % 0xff_ffff) - 1;

/** Fills every field of a row from its index, so that any mix of two rows is seen. */
export function fillRow(row: ResultRow, index: number): void {
  let at = 0;
  for (const { name, count } of FIELDS)
    if (count === 1) Object.assign(row, { [name]: valueOf(index, at++) });
    else
      for (let value = 0; value < count; value++) (row[name] as Float32Array)[value] = valueOf(index, at++);
}

/** True when every field of the row is that of `index`. */
export function isRow(row: ResultRow, index: number): boolean {
  let at = 0;
  for (const { name, count } of FIELDS)
    for (let value = 0; value < count; value++) {
      const seen = count === 1 ? row[name] : (row[name] as Float32Array)[value];
      if (seen !== valueOf(index, at++)) return false;
    }
  return true;
}
