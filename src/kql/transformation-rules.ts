/**
 * What a transformation may use of the language: operators that take one record and give at most one, and the functions
 * that Azure lists.
 *
 * @see learn.microsoft.com/azure/azure-monitor/data-collection/data-collection-transformations-kql
 */

/** Tabular operators, by the kind of their node. */
export const transformationOperators: ReadonlySet<string> = new Set([
  "FilterOperator",
  "ProjectOperator",
  "ProjectAwayOperator",
  "ProjectRenameOperator",
  "ExtendOperator",
]);

/** Those of the functions here that are listed. `iff` and `not` are not, but stand in the page's own examples. */
export const transformationFunctions: ReadonlySet<string> = new Set(
  `tobool todatetime todouble toreal toguid toint tolong tostring totimespan
  ago datetime_add datetime_diff datetime_part dayofmonth dayofweek dayofyear endofday endofmonth endofweek endofyear
  getmonth getyear hourofday make_datetime make_timespan now startofday startofmonth startofweek startofyear weekofyear
  array_length pack pack_array parse_json columnifexists
  abs bin floor ceiling exp exp10 exp2 isfinite isinf isnan log log10 log2 pow round sign
  case iif iff not max_of min_of
  countof extract hash_sha256 indexof isempty isnotempty split strcat strcat_delim strlen substring tolower toupper
  gettype isnotnull isnull`.split(/\s+/),
);

/** Nodes of expressions that only a query may have, each as a person writes it. */
export const queryOnlyExpressions: ReadonlyMap<string, string> = new Map([
  ["InCsExpression", "The operator in~"],
  ["NotInCsExpression", "The operator !in~"],
  ["HasAnyExpression", "The operator has_any"],
  ["HasAllExpression", "The operator has_all"],
  ["HasPrefixExpression", "The operator hasprefix"],
  ["HasPrefixCsExpression", "The operator hasprefix_cs"],
  ["NotHasPrefixExpression", "The operator !hasprefix"],
  ["NotHasPrefixCsExpression", "The operator !hasprefix_cs"],
  ["HasSuffixExpression", "The operator hassuffix"],
  ["HasSuffixCsExpression", "The operator hassuffix_cs"],
  ["NotHasSuffixExpression", "The operator !hassuffix"],
  ["NotHasSuffixCsExpression", "The operator !hassuffix_cs"],
  ["DynamicExpression", "A dynamic literal"],
]);
