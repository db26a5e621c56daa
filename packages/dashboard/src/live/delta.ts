import type { LiveDelta, LiveState, Sections } from "../contract.ts";

const SECTIONS = ["engine", "status", "positions", "incidents"] as const;

/** What has to be told to somebody who knows `before` so that he knows `after`. */
export function deltaOf(before: LiveState, after: LiveState): LiveDelta {
  const changed: Partial<Record<keyof LiveState, Record<string, unknown>>> = {};
  const removed: Partial<Record<keyof LiveState, string[]>> = {};
  const [old, now] = [before as unknown as Sections, after as unknown as Sections];
  for (const section of SECTIONS) {
    const values = Object.entries(now[section]).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(old[section][key]),
    );
    const gone = Object.keys(old[section]).filter((key) => !Object.hasOwn(now[section], key));
    if (values.length > 0) changed[section] = Object.fromEntries(values);
    if (gone.length > 0) removed[section] = gone;
  }
  return { changed, removed };
}
