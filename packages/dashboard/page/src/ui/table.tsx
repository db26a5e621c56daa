import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Column<T> {
  readonly name: string;
  readonly cell: (row: T) => ComponentChildren;
  /** What rows are sorted by when the heading is pressed; without it they are not. */
  readonly by?: (row: T) => number | string | null;
  readonly isFigure?: boolean;
  /** Sentences, which are broken into lines. */
  readonly isText?: boolean;
  /** Left out on a narrow screen. */
  readonly isMinor?: boolean;
}

/** A table with more rows scrolls in itself. */
const ROWS_WHOLE = 25;

interface TableProps<T> {
  readonly name: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  readonly empty: string;
}

interface Order {
  readonly column: string;
  readonly isDown: boolean;
}

/** Rows that can be sorted by their headings; it scrolls by itself where the screen is narrow. */
export function Table<T>({ name, columns, rows, keyOf, empty }: TableProps<T>) {
  const [order, setOrder] = useState<Order | null>(null);
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  const sorted = sortedBy(columns, rows, order);
  const scroll = rows.length > ROWS_WHOLE ? "scroll long" : "scroll";
  return (
    <div class={scroll} role="region" aria-label={name} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <Heading key={column.name} column={column} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) => (
                <td key={column.name} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadingProps<T> {
  readonly column: Column<T>;
  readonly order: Order | null;
  readonly onOrder: (order: Order) => void;
}

function Heading<T>({ column, order, onOrder }: HeadingProps<T>) {
  const { name, by } = column;
  const isOrdered = order?.column === name;
  const sort = isOrdered ? (order.isDown ? "descending" : "ascending") : "none";
  if (by === undefined)
    return (
      <th scope="col" class={classOf(column)}>
        {name}
      </th>
    );
  return (
    <th scope="col" class={classOf(column)} aria-sort={sort}>
      <button type="button" onClick={() => onOrder({ column: name, isDown: isOrdered && !order.isDown })}>
        {name}
        <span aria-hidden="true">{isOrdered ? (order.isDown ? " ▾" : " ▴") : ""}</span>
      </button>
    </th>
  );
}

function classOf<T>({ isFigure = false, isText = false, isMinor = false }: Column<T>): string {
  return [isFigure ? "figure" : "", isText ? "text" : "", isMinor ? "minor" : ""]
    .filter((one) => one !== "")
    .join(" ");
}

function sortedBy<T>(columns: readonly Column<T>[], rows: readonly T[], order: Order | null): readonly T[] {
  const by = columns.find(({ name }) => name === order?.column)?.by;
  if (by === undefined || order === null) return rows;
  const sign = order.isDown ? -1 : 1;
  return rows.toSorted((left, right) => {
    const [a, b] = [by(left), by(right)];
    // What is not known stands last, however it is sorted.
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    return a < b ? -sign : a > b ? sign : 0;
  });
}
