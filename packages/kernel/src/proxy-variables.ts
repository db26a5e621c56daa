/** The variables by which a machine says through which proxy its programs go; the small ones win. */
const NAMES = ["https_proxy", "http_proxy", "all_proxy", "no_proxy"] as const;

/** Those of an environment, for a thread or process that shall see nothing else of it. */
export function proxyVariables(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of NAMES) {
    const value = env[name] ?? env[name.toUpperCase()];
    if (value !== undefined && value !== "") found[name] = value;
  }
  return found;
}
