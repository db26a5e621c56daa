/** A file of the public archive of USD-M futures. */
export interface ArchiveFile {
  readonly kind: "klines" | "fundingRate";
  readonly symbol: string;
  /** A month (`2024-01`) or, of klines, a day (`2024-01-31`), UTC. */
  readonly period: string;
}

/** The file's name, such as `BTCUSDT-1m-2024-01.zip`. */
export function archiveName({ kind, symbol, period }: ArchiveFile): string {
  return `${symbol}-${kind === "klines" ? "1m" : kind}-${period}.zip`;
}

/** Where it lies below the archive's base: `/data/futures/um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip`. */
export function archivePath(file: ArchiveFile): string {
  const { kind, symbol, period } = file;
  const span = period.length > "2024-01".length ? "daily" : "monthly";
  const folder =
    kind === "klines" ? `${kind}/${encodeURIComponent(symbol)}/1m` : `${kind}/${encodeURIComponent(symbol)}`;
  return `/data/futures/um/${span}/${folder}/${encodeURIComponent(archiveName(file))}`;
}
