/** Parameters of a request, in the order in which they are sent; values are not yet encoded. */
export type QueryParameters = Readonly<Record<string, string>>;

/** RFC 3986 encoding of a value, UTF-8 first: non-ASCII symbols exist. */
export function encodeValue(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `a=1&b=2` with encoded values; empty without parameters. */
export function encodeQuery(parameters: QueryParameters): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key}=${encodeValue(value)}`)
    .join("&");
}
