import { SmcqError } from "@smcq/kernel";
import { readFileSync, statSync } from "node:fs";

/** A value of a setting. */
export type AxisValue = string | number | boolean;

export interface Axis {
  /** A setting by its path (`risk.costRatioMax`), or a number of the plan (`plan.targetRiskRatio`). */
  readonly path: string;
  readonly values: readonly AxisValue[];
}

/** What is tried: every combination of the axes' values. */
export interface Space {
  readonly name: string;
  readonly axes: readonly Axis[];
}

/** A combination: a value for each axis, in their order. */
export type Point = readonly AxisValue[];

const BYTES_MAX = 1_048_576;
const AXES_MAX = 8;
const VALUES_MAX = 1_000;
/** Combinations of a space; more is a search for luck. */
export const POINTS_MAX = 10_000;
const PATH = /^[a-z][A-Za-z]*(?:\.[A-Za-z][A-Za-z0-9]*)+$/u;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/u;
/** Digits that steps are rounded to: 0.1 + 0.2 is 0.3 here. */
const STEP_DIGITS = 12;

/** Reads a space; refuses with SWEEP_SPACE and the place. */
export function readSpace(file: string): Space {
  const parsed = parsedFile(file);
  if (!isRecord(parsed)) throw fault(file, "must hold one JSON object with `axes`");
  onlyKeys(parsed, ["name", "axes"], file);
  const { name = "sweep", axes } = parsed;
  if (typeof name !== "string" || !NAME.test(name))
    throw fault(file, "name: must be 1 to 64 of letters, digits, `_`, `.` and `-`");
  if (!Array.isArray(axes) || axes.length === 0 || axes.length > AXES_MAX)
    throw fault(file, `axes: must be a list of 1 to ${AXES_MAX}`);
  const space = { name, axes: axes.map((axis, index) => axisOf(axis, `${file}: axes[${index}]`)) };
  const paths = space.axes.map(({ path }) => path);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw fault(file, `axes: ${twice} stands there twice`);
  const points = space.axes.reduce((product, { values }) => product * values.length, 1);
  if (points > POINTS_MAX) throw fault(file, `${points} combinations; at most ${POINTS_MAX} are tried`);
  return space;
}

/** Every combination, the last axis fastest. */
export function pointsOf({ axes }: Space): Point[] {
  return axes.reduce<AxisValue[][]>(
    (points, { values }) => points.flatMap((point) => values.map((value) => [...point, value])),
    [[]],
  );
}

function parsedFile(file: string): unknown {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw fault(file, "is no file");
    if (stat.size > BYTES_MAX) throw fault(file, `${stat.size} bytes; at most ${BYTES_MAX} are read`);
    return JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/u, "")) as unknown;
  } catch (error) {
    if (error instanceof SmcqError) throw error;
    throw fault(file, error instanceof Error ? error.message : String(error));
  }
}

function axisOf(axis: unknown, place: string): Axis {
  if (!isRecord(axis)) throw fault(place, "must be an object of path and values, or path, from, to and step");
  const { path } = axis;
  if (typeof path !== "string" || !PATH.test(path))
    throw fault(place, "path: must be a setting, as risk.costRatioMax, or plan.FIELD");
  if ("values" in axis) {
    onlyKeys(axis, ["path", "values"], place);
    return { path, values: listed(axis["values"], place) };
  }
  onlyKeys(axis, ["path", "from", "to", "step"], place);
  return { path, values: stepped(axis, place) };
}

function listed(values: unknown, place: string): AxisValue[] {
  if (!Array.isArray(values) || values.length === 0 || values.length > VALUES_MAX)
    throw fault(place, `values: must be a list of 1 to ${VALUES_MAX}`);
  const kept = values.map((value: unknown) => {
    if (typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw fault(place, `values: ${JSON.stringify(value)} is no number, text, true or false`);
  });
  if (new Set(kept).size < kept.length) throw fault(place, "values: one stands there twice");
  return kept;
}

function stepped(axis: Readonly<Record<string, unknown>>, place: string): number[] {
  const [from, to, step] = ["from", "to", "step"].map((key) => {
    const value = axis[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw fault(place, `${key}: must be a number`);
  }) as [number, number, number];
  if (!(step > 0) || to < from) throw fault(place, "step must be above 0, and from at most to");
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > VALUES_MAX) throw fault(place, `${count} values; at most ${VALUES_MAX}`);
  return Array.from({ length: count }, (_, index) => Number((from + index * step).toPrecision(STEP_DIGITS)));
}

function onlyKeys(record: Readonly<Record<string, unknown>>, keys: readonly string[], place: string): void {
  const odd = Object.keys(record).find((key) => !keys.includes(key));
  if (odd !== undefined)
    throw fault(place, `${JSON.stringify(odd.slice(0, 40))} is unknown; there are ${keys.join(", ")}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fault(place: string, what: string): SmcqError {
  return new SmcqError("SWEEP_SPACE", `${place}: ${what}`, { context: { place } });
}
