import { configKeys, configValue } from "@smcq/config";
import type { LoadedConfig } from "@smcq/config";

export interface PrintConfigOptions {
  /** True for one JSON object, false for a table. */
  readonly isJson: boolean;
}

type Row = readonly [setting: string, value: string, source: string, environment: string];

const HEADER: Row = ["setting", "value", "from", "environment"];

function table(rows: readonly Row[]): string {
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: Row): string => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/**
 * Returns the effective configuration as text that ends in a newline: a table of setting, value, where it came from and
 * its environment variable, or with `isJson` one object with `hash`, `config` and `sources`.
 */
export function printConfig(loaded: LoadedConfig, options: PrintConfigOptions): string {
  const { config, sources, hash } = loaded;
  if (options.isJson) return `${JSON.stringify({ hash, config, sources }, null, 2)}\n`;
  const rows = configKeys().map(({ path, envName }): Row => {
    // JSON text: control characters of a value cannot reach the terminal, and "auto" differs from auto.
    return [path, JSON.stringify(configValue(config, path)), sources[path] ?? "default", envName];
  });
  return `${table([HEADER, ...rows])}\nhash ${hash}\n`;
}
