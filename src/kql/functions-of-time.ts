/** Functions of datetimes and timespans. @see learn.microsoft.com/kusto/query/scalar-functions, "DateTime/timespan functions" */
import { FIRST_MICROSECOND, LAST_MICROSECOND, moved, quotient } from "./arithmetic.ts";
import { mistaken, unsupported } from "./refused.ts";
import { literalText, plainFunction } from "./scalar-function.ts";
import type { CallSite, ScalarFunction } from "./scalar-function.ts";
import { bound, call, cast, every, infix, integer, sqlNull, text, tryCast, when } from "./sql.ts";
import type { SqlExpression } from "./sql.ts";
import { isWhole, typed } from "./typed.ts";
import type { Typed } from "./typed.ts";

const DAY = 86_400_000_000n;
const at = (args: readonly Typed[], index: number): SqlExpression => args[index]?.sql ?? sqlNull;

const now: ScalarFunction = {
  takes: ["timespan"],
  optional: 1,
  apply: (args, site) =>
    typed(
      "datetime",
      args.length === 0 ? bound(site.now) : moved(bound(site.now), "+", at(args, 0)),
    ),
};

const ago: ScalarFunction = {
  takes: ["timespan"],
  apply: (args, site) => typed("datetime", moved(bound(site.now), "-", at(args, 0))),
};

/** Rounds down to a multiple: of microseconds since 1970 for datetimes. A size of nothing, or less, gives null. */
const bin: ScalarFunction = {
  takes: ["any", "any"],
  apply(args, site) {
    const [of, size] = args;
    if (of === undefined || size === undefined)
      return mistaken(site.place, "bin() takes two arguments.");
    if (of.type === "datetime" && size.type === "timespan") {
      const down = binned(call("epoch_us", of.sql), size.sql);
      return typed("datetime", call("try", call("make_timestamp", down)));
    }
    if (of.type === "timespan" && size.type === "timespan")
      return typed("timespan", binned(of.sql, size.sql));
    if (isWhole(of.type) && isWhole(size.type))
      return typed("long", cast(binned(of.sql, size.sql), "BIGINT"));
    const numbers =
      (isWhole(of.type) || of.type === "real") && (isWhole(size.type) || size.type === "real");
    if (!numbers) return mistaken(site.place, `bin() cannot round a ${of.type} by a ${size.type}.`);
    const [a, b] = [cast(of.sql, "DOUBLE"), cast(size.sql, "DOUBLE")];
    return typed("real", infix(call("floor", quotient(a, b)), "*", b));
  },
};

/** Down, not toward zero. */
function binned(of: SqlExpression, size: SqlExpression): SqlExpression {
  const rest = infix(infix(infix(of, "%", size), "+", size), "%", size);
  return when(infix(size, ">", integer(0)), call("try", infix(of, "-", rest)));
}

/** Rounds down to a multiple that is counted from `fixed`. */
const binAt: ScalarFunction = {
  takes: ["any", "any", "any"],
  apply(args, site) {
    const [of, size, fixed] = args.map(({ type }) => type);
    if (of === "datetime" && size === "timespan" && fixed === "datetime") {
      const from = call("epoch_us", at(args, 2));
      const down = binned(infix(call("epoch_us", at(args, 0)), "-", from), at(args, 1));
      return typed("datetime", call("try", call("make_timestamp", infix(down, "+", from))));
    }
    const wholes = [of, size, fixed].every((type) => type === "long" || type === "int");
    if (wholes || (of === "timespan" && size === "timespan" && fixed === "timespan")) {
      const down = binned(infix(at(args, 0), "-", at(args, 2)), at(args, 1));
      return typed(wholes ? "long" : "timespan", call("try", infix(down, "+", at(args, 2))));
    }
    return unsupported(site.place, `bin_at() of a ${of}, a ${size} and a ${fixed}`);
  },
};

/** A day and a time of it; null where the calendar has none. */
const makeDatetime: ScalarFunction = {
  takes: ["long", "long", "long", "long", "long", "real"],
  optional: 3,
  apply(args) {
    const part = (index: number): SqlExpression =>
      args[index] === undefined ? integer(0) : cast(at(args, index), "BIGINT");
    const seconds = args[5] === undefined ? integer(0) : at(args, 5);
    const made = call("make_timestamp", ...[0, 1, 2, 3, 4].map(part), cast(seconds, "DOUBLE"));
    return typed("datetime", call("try", made));
  },
};

const makeTimespan: ScalarFunction = {
  takes: ["long", "long", "long", "long"],
  optional: 2,
  apply(args) {
    // Two are hours and minutes, three have seconds, four begin with days.
    const units = [DAY, 3_600_000_000n, 60_000_000n, 1_000_000n].slice(args.length === 4 ? 0 : 1);
    const parts = args.map(({ sql }, index) => infix(sql, "*", integer(units[index] ?? 0n)));
    const size = parts.reduce((left, right) => infix(left, "+", right));
    return typed("timespan", call("try", size));
  },
};

type Unit = "year" | "month" | "day" | "week";
const MONTHS: Readonly<Partial<Record<Unit, bigint>>> = { year: 12n, month: 1n };

/** DuckDB's weeks begin on Monday, KQL's on Sunday. */
function startOf(unit: Unit, of: SqlExpression): SqlExpression {
  if (unit !== "week") return cast(call("date_trunc", text(unit), of), "TIMESTAMP");
  const later = moved(of, "+", integer(DAY));
  return moved(cast(call("date_trunc", text("week"), later), "TIMESTAMP"), "-", integer(DAY));
}

function later(unit: Unit, of: SqlExpression, count: SqlExpression): SqlExpression {
  const months = MONTHS[unit];
  if (months === undefined) {
    const days = unit === "week" ? 7n : 1n;
    return moved(of, "+", infix(count, "*", integer(days * DAY)));
  }
  const by = tryCast(infix(count, "*", integer(months)), "INTEGER");
  return call("try", infix(of, "+", call("to_months", by)));
}

const startingAt = (unit: Unit, end: boolean): ScalarFunction => ({
  takes: ["datetime", "long"],
  optional: 1,
  apply(args) {
    const offset = args.length > 1 ? at(args, 1) : integer(0);
    const start = startOf(unit, at(args, 0));
    if (!end) return typed("datetime", later(unit, start, offset));
    const next = later(unit, start, infix(offset, "+", integer(1)));
    return typed("datetime", moved(next, "-", integer(1)));
  },
});

const PARTS: ReadonlyMap<string, string> = new Map(
  ["year", "quarter", "month", "day", "hour", "minute", "second", "millisecond", "microsecond"].map(
    (part) => [part, part],
  ),
);

function partOf(args: readonly Typed[], site: CallSite): string {
  const part = literalText(args, 0, site).toLowerCase();
  const found = PARTS.get(part);
  if (found !== undefined) return found;
  return unsupported(
    site.places[0] ?? site.place,
    `${site.name}() with the part '${part}'`,
    `use one of ${[...PARTS.keys()].join(", ")}`,
  );
}

/** Boundaries between the two, as the calendar counts them. */
const datetimeDiff: ScalarFunction = {
  takes: ["string", "datetime", "datetime"],
  apply: (args, site) =>
    typed("long", call("date_diff", text(partOf(args, site)), at(args, 2), at(args, 1))),
};

const MICROSECONDS: ReadonlyMap<string, bigint> = new Map([
  ["day", DAY],
  ["hour", 3_600_000_000n],
  ["minute", 60_000_000n],
  ["second", 1_000_000n],
  ["millisecond", 1_000n],
  ["microsecond", 1n],
]);

const datetimeAdd: ScalarFunction = {
  takes: ["string", "long", "datetime"],
  apply(args, site) {
    const part = partOf(args, site);
    const size = MICROSECONDS.get(part);
    const count = at(args, 1);
    if (size !== undefined) {
      return typed("datetime", moved(at(args, 2), "+", infix(count, "*", integer(size))));
    }
    if (part === "year" || part === "month")
      return typed("datetime", later(part, at(args, 2), count));
    return typed("datetime", later("month", at(args, 2), infix(count, "*", integer(3))));
  },
};

const datetimePart: ScalarFunction = {
  takes: ["string", "datetime"],
  apply(args, site) {
    const part = partOf(args, site);
    const value = call("date_part", text(part), at(args, 1));
    // DuckDB's milliseconds and microseconds count from the minute's start.
    if (part === "millisecond") return typed("long", infix(value, "%", integer(1_000)));
    if (part === "microsecond") return typed("long", infix(value, "%", integer(1_000_000)));
    return typed("long", value);
  },
};

const partFunction = (part: string): ScalarFunction =>
  plainFunction(["datetime"], "long", (of) => call("date_part", text(part), of ?? sqlNull));

/** The tokens of `format_datetime` that DuckDB has too. @see learn.microsoft.com/kusto/query/format-datetime-function */
const TOKENS: readonly (readonly [string, string])[] = [
  ["yyyy", "%Y"],
  ["yy", "%y"],
  ["MM", "%m"],
  ["dd", "%d"],
  ["HH", "%H"],
  ["hh", "%I"],
  ["mm", "%M"],
  ["ss", "%S"],
  ["ffffff", "%f"],
  ["fff", "%g"],
  ["tt", "%p"],
  ["M", "%-m"],
  ["d", "%-d"],
  ["H", "%-H"],
  ["h", "%-I"],
  ["m", "%-M"],
  ["s", "%-S"],
];
const DELIMITERS = " /-:,.[]_";

const formatDatetime: ScalarFunction = {
  takes: ["datetime", "string"],
  apply(args, site) {
    const format = literalText(args, 1, site);
    let pattern = "";
    for (let index = 0; index < format.length;) {
      const [token, printed] = TOKENS.find(([each]) => format.startsWith(each, index)) ?? [];
      const plain = format.charAt(index);
      if (token === undefined && !DELIMITERS.includes(plain)) {
        unsupported(
          site.places[1] ?? site.place,
          `format_datetime() with '${plain}'`,
          `use ${TOKENS.map(([each]) => each).join(", ")} and ${[...DELIMITERS].join("")}`,
        );
      }
      pattern += printed ?? plain;
      index += token?.length ?? 1;
    }
    return typed(
      "string",
      call("coalesce", call("strftime", at(args, 0), text(pattern)), text("")),
    );
  },
};

const dayOfWeek = plainFunction(["datetime"], "timespan", (of) =>
  infix(call("date_part", text("dow"), of ?? sqlNull), "*", integer(DAY)),
);

const fromUnix = (microseconds: bigint): ScalarFunction => ({
  takes: ["number"],
  apply(args) {
    const size = call("round", infix(cast(at(args, 0), "DOUBLE"), "*", integer(microseconds)));
    const inside = every([
      infix(size, ">=", integer(FIRST_MICROSECOND)),
      infix(size, "<=", integer(LAST_MICROSECOND)),
    ]);
    return typed(
      "datetime",
      when(inside, call("try", call("make_timestamp", tryCast(size, "BIGINT")))),
    );
  },
});

export const functionsOfTime: readonly (readonly [string, ScalarFunction])[] = [
  ["now", now],
  ["ago", ago],
  ["bin", bin],
  ["floor", bin],
  ["bin_at", binAt],
  ["make_datetime", makeDatetime],
  ["make_timespan", makeTimespan],
  ["week_of_year", partFunction("week")],
  ["weekofyear", partFunction("week")],
  ["startofday", startingAt("day", false)],
  ["startofweek", startingAt("week", false)],
  ["startofmonth", startingAt("month", false)],
  ["startofyear", startingAt("year", false)],
  ["endofday", startingAt("day", true)],
  ["endofweek", startingAt("week", true)],
  ["endofmonth", startingAt("month", true)],
  ["endofyear", startingAt("year", true)],
  ["datetime_diff", datetimeDiff],
  ["datetime_add", datetimeAdd],
  ["datetime_part", datetimePart],
  ["format_datetime", formatDatetime],
  ["dayofweek", dayOfWeek],
  ["dayofmonth", partFunction("day")],
  ["dayofyear", partFunction("doy")],
  ["hourofday", partFunction("hour")],
  ["monthofyear", partFunction("month")],
  ["getmonth", partFunction("month")],
  ["getyear", partFunction("year")],
  ["unixtime_seconds_todatetime", fromUnix(1_000_000n)],
  ["unixtime_milliseconds_todatetime", fromUnix(1_000n)],
  ["unixtime_microseconds_todatetime", fromUnix(1n)],
];
