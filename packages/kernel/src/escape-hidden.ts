/** What moves a cursor, colours, rings, hides, or turns the text around it: texts of a venue are not trusted with it. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/**
 * `text` with its controls, bidi and zero-width marks and line separators written as `\uXXXX`, which JSON reads back.
 * Line feeds and tabs stay when `isLayoutKept`.
 */
export function escapeHidden(text: string, isLayoutKept: boolean = false): string {
  return text.replaceAll(HIDDEN, (letter) => {
    if (isLayoutKept && (letter === "\n" || letter === "\t")) return letter;
    let escaped = "";
    for (let at = 0; at < letter.length; at++)
      escaped += `\\u${letter.charCodeAt(at).toString(16).padStart(4, "0")}`;
    return escaped;
  });
}
