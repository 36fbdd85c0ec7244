/**
 * Which lines belong to one stack trace, by language, as the agent's `stacktrace_languages` names them.
 * @see github.com/microsoft/Docker-Provider kubernetes/container-azm-ms-agentconfig.yaml ([log_collection_settings.enable_multiline_logs])
 */

export type TraceLanguage = "dotnet" | "go" | "java" | "python";

export const traceLanguages: readonly TraceLanguage[] = ["dotnet", "go", "java", "python"];

/** Lines are bounded: no pattern here looks further than this. */
const LINE_CHARS_MAX = 2_048;

/**
 * Whether `line` goes on with the trace that ends `group`. The rules are ours, after those of fluent-bit's
 * built-in multi-line parsers: inferred from their documentation.
 */
export function continuesTrace(
  group: string,
  line: string,
  languages: ReadonlySet<TraceLanguage>,
): boolean {
  const next = line.slice(0, LINE_CHARS_MAX);
  for (const language of languages) if (rules[language](group, next)) return true;
  return false;
}

type Continues = (group: string, line: string) => boolean;

const firstLine = (group: string): string => group.slice(0, LINE_CHARS_MAX).split("\n", 1)[0] ?? "";
const lastLine = (group: string): string =>
  group.slice(group.lastIndexOf("\n") + 1).slice(0, LINE_CHARS_MAX);

const exceptionName = /(?:Exception|Error|Throwable|Fault)\b/;
const frame = /^[ \t]+(?:at |\.\.\. \d+ (?:more|common frames omitted)|Suppressed: |--- )/;
const cause = /^[ \t]*(?:Caused by: |---> |--- End of )/;

/** Java, and .NET, whose frames are written alike. */
const frames: Continues = (group, line) =>
  (exceptionName.test(firstLine(group)) || group.includes("\n")) &&
  (frame.test(line) || cause.test(line));

const python: Continues = (group, line) => {
  const begins = /Traceback \(most recent call last\):\s*$/;
  if (!begins.test(firstLine(group)) && !begins.test(lastLine(group))) return false;
  if (/^[ \t]/.test(line)) return true;
  // The last line of a trace says what was raised; it is not indented, and follows a line that is.
  return /^[ \t]/.test(lastLine(group)) && /^[\w.]+(?::|$)/.test(line);
};

const go: Continues = (group, line) => {
  if (!/^(?:.*\b)?(?:panic: |http: panic serving|fatal error: )/.test(firstLine(group)))
    return false;
  return (
    line === "" ||
    line.startsWith("\t") ||
    /^(?:goroutine \d+ \[|created by |exit status |\[signal |\[originating from )/.test(line) ||
    /^[\w./*()·-]+\(.*\)$/.test(line)
  );
};

const rules: Readonly<Record<TraceLanguage, Continues>> = {
  dotnet: frames,
  go,
  java: frames,
  python,
};
