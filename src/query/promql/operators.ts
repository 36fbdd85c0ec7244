/** Binary operators on two numbers. */
import type { ArithmeticOp, ComparisonOp } from "./ast.ts";

type Arithmetic = (left: number, right: number) => number;

export const arithmetic: Readonly<Record<ArithmeticOp, Arithmetic>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "^": power,
  atan2: Math.atan2,
};

/** As Go: 1 to any power and -1 to an infinite one are 1, where JavaScript answers NaN. */
function power(base: number, exponent: number): number {
  if (base === 1) return 1;
  if (base === -1 && (exponent === Infinity || exponent === -Infinity)) return 1;
  return base ** exponent;
}

export const comparison: Readonly<Record<ComparisonOp, (left: number, right: number) => boolean>> =
  {
    "==": (left, right) => left === right,
    "!=": (left, right) => left !== right,
    "<": (left, right) => left < right,
    ">": (left, right) => left > right,
    "<=": (left, right) => left <= right,
    ">=": (left, right) => left >= right,
  };
