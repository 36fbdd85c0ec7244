/** placeholder */
export async function benchLogQueries(rows: number): Promise<void> {
  console.log(rows);
}
