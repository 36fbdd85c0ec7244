/** Assertions for bugs: what fails here is a mistake in this program, never bad input. */

/** Closes a `switch` over a discriminated union: a new member fails to compile here. */
export function assertNever(value: never): never {
  throw new Error(`Unreachable: ${JSON.stringify(value)}`);
}

/** @throws Error when `condition` does not hold. */
export function assert(condition: unknown, says: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${says}`);
}
