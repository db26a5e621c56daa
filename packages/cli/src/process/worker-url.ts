/** The URL of a sibling entry file with the caller's own extension: `.ts` from sources, `.js` from `dist`. */
export function workerUrl(base: string, name: string): URL {
  return new URL(name + (base.endsWith(".ts") ? ".ts" : ".js"), base);
}
