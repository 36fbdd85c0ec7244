/** Tree to text, in Prometheus's spelling. What is printed parses to the same tree. */
import { assertNever } from "../../core/index.ts";
import type { Matcher } from "../../core/index.ts";
import type {
  Aggregate,
  AtModifier,
  Binary,
  DurationExpr,
  Expr,
  TimeModifiers,
  VectorMatching,
  VectorSelector,
} from "./ast.ts";
import { formatDurationMs, formatNumber } from "./numbers.ts";
import { isPlainLabelName, quote } from "./strings.ts";

/** The expression as text on one line. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
    case "string":
      return expr.kind === "string" ? quote(expr.value) : printDuration(expr);
    case "vectorSelector":
      return printSelector(expr) + printExtended(expr) + printTimes(expr);
    case "matrixSelector": {
      const { selector, range } = expr;
      const times = printExtended(selector) + printTimes(selector);
      return `${printSelector(selector)}[${printDuration(range)}]${times}`;
    }
    case "subquery": {
      const step = expr.step === undefined ? "" : printDuration(expr.step);
      return `${printExpr(expr.expr)}[${printDuration(expr.range)}:${step}]${printTimes(expr)}`;
    }
    case "call":
      return `${expr.func.name}(${expr.args.map(printExpr).join(", ")})`;
    case "aggregate":
      return printAggregate(expr);
    case "binary":
      return printBinary(expr);
    case "unary":
      return `${expr.op}${printExpr(expr.expr)}`;
    case "paren":
      return `(${printExpr(expr.expr)})`;
    default:
      return assertNever(expr);
  }
}

/** A duration in brackets or behind `offset`. */
export function printDuration(duration: DurationExpr): string {
  switch (duration.kind) {
    case "number": {
      if (!duration.duration) return formatNumber(duration.value);
      const sign = duration.value < 0 || Object.is(duration.value, -0) ? "-" : "";
      return sign + formatDurationMs(Math.abs(duration.value) * 1000);
    }
    case "durationCall":
      return `${duration.name}()`;
    case "durationBound":
      return `${duration.name}(${printDuration(duration.lhs)}, ${printDuration(duration.rhs)})`;
    case "durationUnary":
      return `${duration.op}${printDuration(duration.expr)}`;
    case "durationBinary":
      return `${printDuration(duration.lhs)} ${duration.op} ${printDuration(duration.rhs)}`;
    case "durationParen":
      return `(${printDuration(duration.expr)})`;
    default:
      return assertNever(duration);
  }
}

function printSelector({ name, matchers }: VectorSelector): string {
  const braced = name === undefined ? matchers : matchers.slice(0, -1);
  const inner = braced.map(printMatcher).join(",");
  if (name === undefined) return `{${inner}}`;
  return inner === "" ? name : `${name}{${inner}}`;
}

const printMatcher = ({ name, kind, value }: Matcher): string =>
  `${printLabel(name)}${kind}${quote(value)}`;

const printLabel = (name: string): string => (isPlainLabelName(name) ? name : quote(name));

const printLabels = (names: readonly string[]): string => names.map(printLabel).join(", ");

const printExtended = ({ extended }: VectorSelector): string =>
  extended === undefined ? "" : ` ${extended}`;

function printTimes({ at, offset }: TimeModifiers): string {
  return printAt(at) + (offset === undefined ? "" : ` offset ${printDuration(offset)}`);
}

function printAt(at: AtModifier | undefined): string {
  if (at === undefined) return "";
  return at.kind === "timestamp" ? ` @ ${(at.timeMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printAggregate({ op, param, expr, grouping, without }: Aggregate): string {
  const head = without
    ? `${op} without (${printLabels(grouping)}) `
    : grouping.length > 0
      ? `${op} by (${printLabels(grouping)}) `
      : op;
  const first = param === undefined ? "" : `${printExpr(param)}, `;
  return `${head}(${first}${printExpr(expr)})`;
}

function printBinary({ op, lhs, rhs, returnBool, matching }: Binary): string {
  const bool = returnBool ? " bool" : "";
  return `${printExpr(lhs)} ${op}${bool}${printMatching(matching)} ${printExpr(rhs)}`;
}

function printMatching({ card, on, labels, include, fillLeft, fillRight }: VectorMatching): string {
  let text = "";
  const grouped = card === "many-to-one" || card === "one-to-many";
  if (on || labels.length > 0 || grouped) {
    text += ` ${on ? "on" : "ignoring"} (${printLabels(labels)})`;
  }
  if (grouped) {
    text += ` ${card === "many-to-one" ? "group_left" : "group_right"} (${printLabels(include)})`;
  }
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) {
    return `${text} fill (${formatNumber(fillLeft)})`;
  }
  if (fillLeft !== undefined) text += ` fill_left (${formatNumber(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${formatNumber(fillRight)})`;
  return text;
}
