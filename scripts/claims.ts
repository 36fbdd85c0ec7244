/** What the project claims to be compatible with, each claim with the test that witnesses it. docs/compatibility.md is made from it. */

export interface Claim {
  readonly client: string;
  readonly does: string;
  /** `file :: the test's name`, or a prefix of it. */
  readonly witness: string;
}

export const claims: readonly Claim[] = [];
