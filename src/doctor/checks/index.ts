/** Every check, in the order of their ids. */
import type { Check } from "../check.ts";

export const checks: readonly Check[] = [];
