/** What a segment is: a sorted, compressed Parquet file of one table, and what its readers must know of it. */

export interface Segment {
  /** Its file's number; never used twice in a folder. */
  readonly number: number;
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  /** The times of its oldest and newest row. */
  readonly minMs: number;
  readonly maxMs: number;
  /** The file's columns: names, and types in the words of the store that owns the folder. */
  readonly columns: readonly (readonly [name: string, type: string])[];
  /** Numbers of the constant sets that its rows refer to. */
  readonly constants: readonly number[];
}

export const segmentFile = (number: number): string =>
  `${String(number).padStart(10, "0")}.parquet`;
