/** Names and texts in SQL: the only places where text from outside is put into a statement. */

/** A name, quoted. NUL ends a statement for the engine, so that no name has one. */
export const quoteName = (name: string): string => `"${clean(name).replaceAll('"', '""')}"`;

/** A text, quoted. The engine knows no escapes but the doubled quote. */
export const quoteText = (text: string): string => `'${clean(text).replaceAll("'", "''")}'`;

const clean = (text: string): string => text.replaceAll("\0", "\u{FFFD}").toWellFormed();

/** Rows of Parquet files, by their own columns only: a folder named `a=b` adds none. */
export const readParquet = (paths: readonly string[]): string =>
  `read_parquet([${paths.map(quoteText).join(", ")}], hive_partitioning = false)`;
