/** What moves a cursor, colours, rings, hides, or turns the text around it: texts of a venue are not trusted with it. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/**
 * `text` with its controls, bidi and zero-width marks and line separators written as `\uXXXX`, which JSON reads back.
 * Ends of lines and tabs stay when `isLayoutKept`.
 */
export function escapeHidden(text: string, isLayoutKept: boolean = false): string {
  return text.replaceAll(HIDDEN, (letter, at: number) => {
    const isLayout = letter === "\n" || letter === "\t" || (letter === "\r" && text[at + 1] === "\n");
    if (isLayoutKept && isLayout) return letter;
    let escaped = "";
    for (let unit = 0; unit < letter.length; unit++)
      escaped += `\\u${letter.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    return escaped;
  });
}
