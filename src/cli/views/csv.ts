/** Comma-separated values for other programs. @see RFC 4180 */

/** One record a line; a cell with a comma, a quote or a line break stands in quotes, a quote within is doubled. */
export const csvLines = (rows: readonly (readonly string[])[]): readonly string[] =>
  rows.map((row) => row.map(csvCell).join(","));

const csvCell = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
