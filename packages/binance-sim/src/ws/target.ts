/** Streams a connection may have. */
export const STREAMS_MAX = 1024;

/** What a handshake asked for. */
export type SocketTarget =
  | {
      readonly type: "accepted";
      /** "market", "public", "private", or "" for the retired un-prefixed paths. */
      readonly category: string;
      readonly isCombined: boolean;
      readonly streams: readonly string[];
      /** Names of the private stream's events that are wanted; null: all. */
      readonly events: ReadonlySet<string> | null;
    }
  | { readonly type: "refused"; readonly reply: string };

const PATH = /^(?:\/(market|public|private))?\/(stream|ws)(?:\/(.*))?$/;

function decodeNames(text: string): readonly string[] | null {
  try {
    return text
      .split("/")
      .filter((name) => name !== "")
      .map(decodeURIComponent);
  } catch {
    return null;
  }
}

/**
 * Reads the path and query of a handshake: `/market/stream?streams=a/b`, `/market/ws/a/b`, with or without category; the
 * private stream also as `?listenKey=k&events=A/B`.
 */
export function readTarget(url: string): SocketTarget {
  const [path = "", query = ""] = url.split("?");
  const match = PATH.exec(path);
  if (match === null) return { type: "refused", reply: "404 Not Found" };
  const [, category = "", kind, rest = ""] = match;
  const isCombined = kind === "stream";
  const values = (name: string): string =>
    query
      .split("&")
      .filter((part) => part.startsWith(`${name}=`))
      .map((part) => part.slice(name.length + 1))
      .join("/");
  const listed = isCombined ? values("streams") : rest;
  const names = decodeNames(category === "private" ? `${listed}/${values("listenKey")}` : listed);
  const events = category === "private" ? decodeNames(values("events")) : [];
  if (names === null || events === null) return { type: "refused", reply: "400 Bad Request" };
  const streams = [...new Set(names)];
  if (streams.length > STREAMS_MAX) return { type: "refused", reply: "400 Bad Request" };
  const wanted = events.length === 0 ? null : new Set(events);
  return { type: "accepted", category, isCombined, streams, events: wanted };
}
