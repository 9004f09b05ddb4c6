/** A column of a list. */
export interface Column {
  head: string;
  /** One for each row. Control characters must be escaped. */
  values: readonly string[];
  /** Shorter texts for the same rows, which take the place of those that would be cut. */
  shortValues?: readonly string[];
  /** Width at which the beginnings of the texts are worth more than the shorter texts. Undefined: none. */
  enough?: number;
  /**
   * The least width when there is little room, in characters; the text is cut with an ellipsis. Undefined: never cut. Of the columns
   * that can be cut, the widest gives way first.
   */
  least?: number;
  /** Whether it gives way only where all others have their least width: it names what the row is about. */
  cutLast?: boolean;
  /** Whether its texts are numbers, which end at the right edge. */
  number?: boolean;
}

const GAP = '  ';

/** Returns a head and one line for each row, aligned, and no wider than `width` as far as the least widths allow. */
export function fitColumns(full: readonly Column[], width: number): string[] {
  const fitted = widthsFor(full, width);
  const columns = full.map((column, index) => (isTooNarrow(column, fitted[index] ?? 0) ? shortened(column) : column));
  const widths = widthsFor(columns, width);
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => pad(cut(text, widths[index] ?? 0), widths[index] ?? 0, columns[index]?.number))
      .join(GAP)
      .trimEnd();
  const rows = columns[0]?.values.length ?? 0;
  return [
    line(columns.map(({ head }) => head.toUpperCase())),
    ...Array.from({ length: rows }, (_, row) => line(columns.map(({ values }) => values[row] ?? ''))),
  ];
}

/** Returns the width of each column. */
function widthsFor(columns: readonly Column[], width: number): number[] {
  const widths = columns.map(widestOf);
  const excess = (): number => widths.reduce((sum, one) => sum + one, GAP.length * (columns.length - 1)) - width;
  for (let over = excess(); over > 0; over = excess()) {
    const widest = widestToCut(columns, widths, false) ?? widestToCut(columns, widths, true);
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
  return widths;
}

function widestOf({ head, values }: Column): number {
  return values.reduce((widest, value) => Math.max(widest, lengthOf(value)), lengthOf(head));
}

function isTooNarrow(column: Column, width: number): boolean {
  return column.shortValues !== undefined && width < Math.min(column.enough ?? Infinity, widestOf(column));
}

/** A column that is short because little of it could be shown is cut last. */
function shortened({ shortValues, enough, ...column }: Column): Column {
  return { ...column, values: shortValues ?? column.values, ...(enough !== undefined && { cutLast: true }) };
}

function widestToCut(columns: readonly Column[], widths: readonly number[], last: boolean): number | undefined {
  let found: number | undefined;
  for (const [index, { least, cutLast = false }] of columns.entries()) {
    const width = widths[index] ?? 0;
    if (cutLast !== last) continue;
    if (least !== undefined && width > least && width > (found === undefined ? 0 : (widths[found] ?? 0))) found = index;
  }
  return found;
}

function cut(text: string, width: number): string {
  const characters = Array.from(text);
  return characters.length <= width
    ? text
    : `${characters
        .slice(0, Math.max(0, width - 1))
        .join('')
        .trimEnd()}…`;
}

function pad(text: string, width: number, atRight = false): string {
  const space = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return atRight ? space + text : text + space;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
