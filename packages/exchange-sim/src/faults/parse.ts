import { SmcqError } from "@smcq/kernel";
import { knobOf } from "./catalogue.ts";
import type { KnobParameter } from "./knob-forms.ts";
import { KNOB_IDS, type KnobId } from "./knob-ids.ts";

/** The knobs that are on, each with its numbers in the order of its definition (times in ms). */
export type FaultSettings = ReadonlyMap<KnobId, readonly number[]>;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = { "": 1, B: 1, kB: 1000, MB: 1_000_000 };

function refuse(message: string): never {
  throw new SmcqError("SIM_FAULTS", `faults: ${message}`);
}

function formatValue(value: number, parameter: KnobParameter): string {
  if (parameter.unit === "bytes") return `${value}B`;
  if (parameter.unit !== "ms") return String(value);
  return value % 1000 === 0 ? `${value / 1000}s` : `${value}ms`;
}

function describe(parameter: KnobParameter): string {
  const range = `${formatValue(parameter.min, parameter)}..${formatValue(parameter.max, parameter)}`;
  const hint = parameter.unit === "ms" ? ", with ms, s, m or h" : "";
  return `${parameter.name} (${parameter.unit === "ms" ? "time" : parameter.unit}) in ${range}${hint}`;
}

function readValue(text: string, parameter: KnobParameter, id: KnobId): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)([A-Za-z]*)$/.exec(text);
  const factors = parameter.unit === "ms" ? UNIT_MS : parameter.unit === "bytes" ? UNIT_BYTES : { "": 1 };
  const zero = text === "0" ? 1 : undefined;
  const factor = match === null ? undefined : (factors[match[2] ?? ""] ?? zero);
  const value = factor === undefined ? NaN : Number(match?.[1]) * factor;
  const isWhole = parameter.unit === "ratio" || Number.isInteger(value);
  if (!(value >= parameter.min && value <= parameter.max && isWhole))
    refuse(`${id}: "${text}" does not fit ${describe(parameter)}`);
  return value;
}

function asKnobId(text: string): KnobId {
  const id = KNOB_IDS.find((known) => known === text);
  if (id !== undefined) return id;
  if (text === "NW04" || text === "NW05")
    refuse(`${text} is no knob of the simulator: it needs a local name server or certificate`);
  refuse(`"${text}" is no knob; known are ${KNOB_IDS.join(", ")}`);
}

function expandNames(text: string): readonly KnobId[] {
  if (text === "all") return KNOB_IDS;
  const range = /^([A-Z]{2})(\d\d)-(?:([A-Z]{2}))?(\d\d)$/.exec(text);
  if (range === null) return [asKnobId(text)];
  const [, family = "", from = "", toFamily = family, to = ""] = range;
  const ids = KNOB_IDS.filter((id) => id.startsWith(family) && id.slice(2) >= from && id.slice(2) <= to);
  if (toFamily !== family || ids.length === 0) refuse(`"${text}" names no knobs`);
  return ids;
}

function initialValues(id: KnobId): readonly number[] {
  return knobOf(id).parameters.map((parameter) => parameter.initial);
}

function readKnob(item: string, settings: Map<KnobId, readonly number[]>): void {
  const [names = "", values, ...rest] = item.split("=").map((part) => part.trim());
  if (rest.length > 0) refuse(`"${item}" has more than one "="`);
  const ids = expandNames(names);
  if (values === undefined) {
    for (const id of ids) settings.set(id, initialValues(id));
    return;
  }
  const [id] = ids;
  if (id === undefined || ids.length > 1) refuse(`"${item}": a value belongs to one knob`);
  const { parameters } = knobOf(id);
  const texts = values.split(":");
  if (texts.length > parameters.length)
    refuse(`${id} takes at most ${parameters.length} values: ${parameters.map(describe).join("; ")}`);
  const numbers = parameters.map((parameter, index) => {
    const text = texts[index];
    return text === undefined ? parameter.initial : readValue(text, parameter, id);
  });
  settings.set(id, numbers);
}

/**
 * Reads a fault plan: items `ID`, `ID=value`, `ID=value:value`, `MD01-MD09`, `all`, divided by commas; "" and "none"
 * mean no faults, a later item wins. Throws SmcqError `SIM_FAULTS` naming the allowed range.
 */
export function parseFaults(text: string): FaultSettings {
  const settings = new Map<KnobId, readonly number[]>();
  if (text.trim() === "" || text.trim() === "none") return settings;
  for (const item of text.split(",")) readKnob(item.trim(), settings);
  return settings;
}

/** Writes a fault plan as text that `parseFaults` reads back to the same plan. */
export function formatFaults(settings: FaultSettings): string {
  if (settings.size === 0) return "none";
  return [...settings]
    .map(([id, values]) => {
      const { parameters } = knobOf(id);
      const texts = parameters.map((parameter, index) =>
        formatValue(values[index] ?? parameter.initial, parameter),
      );
      return `${id}=${texts.join(":")}`;
    })
    .join(",");
}
