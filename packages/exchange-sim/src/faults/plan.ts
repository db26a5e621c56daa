import { hashText } from "@smcq/kernel";
import { hash4, unit4 } from "../hash.ts";
import type { FlatRule } from "../market/market-data.ts";
import { knobOf } from "./catalogue.ts";
import { KNOB_IDS, type KnobId } from "./knob-ids.ts";
import { parseFaults, type FaultSettings } from "./parse.ts";

const ID_KEYS: ReadonlyMap<KnobId, number> = new Map(KNOB_IDS.map((id) => [id, hashText(id)]));

/**
 * The venue's faults, decided without a state: each decision is a pure function of (seed, knob, key, number), where
 * key is a symbol's or connection's number and number a minute or window. So a run can be replayed.
 */
export class MarketFaults {
  readonly seed: number;
  readonly settings: FaultSettings;

  constructor(seed: number, settings: FaultSettings | string) {
    this.seed = seed | 0;
    this.settings = typeof settings === "string" ? parseFaults(settings) : settings;
  }

  /** True when the knob is on. */
  isOn(id: KnobId): boolean {
    return this.settings.has(id);
  }

  /** Returns a number of a knob by the name its definition gives it (times in venue ms); 0 when the knob is off. */
  value(id: KnobId, name: string): number {
    const values = this.settings.get(id);
    if (values === undefined) return 0;
    const index = knobOf(id).parameters.findIndex((parameter) => parameter.name === name);
    const value = values[index];
    if (value === undefined) throw new RangeError(`${id} has no parameter ${name}`);
    return value;
  }

  /** A number in [0, 1) that belongs to this knob, key and number; `salt` gives further independent ones. */
  draw(id: KnobId, key: number, number: number, salt = 0): number {
    return unit4(this.seed ^ ((ID_KEYS.get(id) as number) + salt), key, number, Math.floor(number / 2 ** 32));
  }

  /** A uniform integer 0..bound-1 that belongs to this knob, key and number. */
  pick(id: KnobId, key: number, number: number, bound: number): number {
    return hash4(this.seed ^ (ID_KEYS.get(id) as number), key, number, 0x7069636b) % bound;
  }

  /** True when the knob is on and strikes this key and number with its ratio. */
  strikes(id: KnobId, key: number, number: number): boolean {
    const values = this.settings.get(id);
    return values !== undefined && this.draw(id, key, number) < (values[0] as number);
  }

  /**
   * Returns the time of event `count` (0, 1, ...) of a knob with `after` and/or `period`, counted from the start of
   * the run; null when there is none. Events of a period lie in its middle half.
   */
  eventMs(id: KnobId, count: number): number | null {
    const { parameters } = knobOf(id);
    if (!this.isOn(id)) return null;
    const hasAfter = parameters.some((parameter) => parameter.name === "after");
    const hasPeriod = parameters.some((parameter) => parameter.name === "period");
    if (hasAfter) {
      if (count > 0 && !hasPeriod) return null;
      return this.value(id, "after") + count * (hasPeriod ? this.value(id, "period") : 0);
    }
    if (!hasPeriod) return null;
    return Math.floor(this.value(id, "period") * (count + 0.25 + 0.5 * this.draw(id, count, 0)));
  }

  /** The rule of MD14: symbols without trades for whole windows, from `fromMinute` of the market's minutes on. */
  flatRule(fromMinute: number): FlatRule {
    if (!this.isOn("MD14")) return () => -1;
    const windowMinutes = Math.max(1, Math.round(this.value("MD14", "window") / 60_000));
    return (symbolKey, minute) => {
      if (minute < fromMinute) return -1;
      // Windows of different symbols begin at different minutes.
      const phase = symbolKey % windowMinutes;
      let flatFrom = -1;
      let window = Math.floor((minute + phase) / windowMinutes);
      // Neighbouring flat windows are one: the price is that of the last traded minute before the first of them.
      while (window >= 0 && this.strikes("MD14", symbolKey, window)) {
        flatFrom = Math.max(fromMinute, window * windowMinutes - phase);
        if (flatFrom === fromMinute) break;
        window--;
      }
      return flatFrom;
    };
  }
}
