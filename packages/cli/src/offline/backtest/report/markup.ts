/** A piece of HTML whose texts are escaped already; only `markup` and its helpers make one. */
export interface Markup {
  readonly html: string;
}

type Part = string | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML from a template: texts put into it are escaped, pieces of markup are not. */
export function markup(template: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const html = template.reduce((text, next, index) => text + htmlOf(parts[index - 1] ?? "") + next);
  return { html };
}

function htmlOf(part: Part): string {
  if (typeof part === "string") return part.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? "");
  return "html" in part ? part.html : part.map(({ html }) => html).join("");
}

/** A table: the first column names the row, the others hold figures unless `texts` names them. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | Markup)[])[],
  texts: readonly string[] = [],
): Markup {
  if (rows.length === 0) return markup`<p class="none">None.</p>`;
  const kind = (column: number): string =>
    column === 0 || texts.includes(columns[column] ?? "") ? "text" : "figure";
  const head = columns.map((name, column) => markup`<th scope="col" class="${kind(column)}">${name}</th>`);
  const body = rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0
        ? markup`<th scope="row" class="text">${cell}</th>`
        : markup`<td class="${kind(column)}">${cell}</td>`,
    );
    return markup`<tr>${cells}</tr>\n`;
  });
  return markup`<div class="wide"><table><thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>`;
}

/** A part of the page with its heading. */
export function section(title: string, ...content: readonly Markup[]): Markup {
  return markup`<section><h2>${title}</h2>\n${content}</section>\n`;
}

/** A remark below a heading. */
export function note(text: string): Markup {
  return markup`<p class="note">${text}</p>\n`;
}

/** The text of a figure, coloured by its sign. */
export function signed(value: number, text: string): Markup {
  if (value === 0) return markup`<span>${text}</span>`;
  return markup`<span class="${value < 0 ? "loss" : "gain"}">${text}</span>`;
}
