/** The rows of an RFC 4180 text by its header; a field is text, nothing else. */
export function readCsv(text: string): readonly Readonly<Record<string, string>>[] {
  const rows: string[][] = [[]];
  let field = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text[at + 1] === '"') field += text[++at] as string;
      else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === ",") {
      rows.at(-1)?.push(field);
      field = "";
    } else if (character === "\r" && text[at + 1] === "\n") {
      rows.at(-1)?.push(field);
      field = "";
      rows.push([]);
      at++;
    } else field += character;
  }
  const [header = [], ...lines] = rows;
  return lines
    .filter((line) => line.length > 0)
    .map((line) => Object.fromEntries(header.map((name, column) => [name, line[column] ?? ""])));
}

/** What a cell of JSON looks like in CSV. */
export function sameCell(csv: string | undefined, json: string | number | boolean | null): boolean {
  if (json === null) return csv === "";
  return typeof json === "number" ? Number(csv) === json && !/e/i.test(csv ?? "") : csv === String(json);
}
