/** `explain`: the page of a check, what is known of a log line, or the chain of a refused request. */
import { isObject, listAt, stringAt } from "../../arm/index.ts";
import type { JsonObject } from "../../arm/index.ts";
import { CodedError } from "../../core/index.ts";
import { checks, loadExplanations } from "../../doctor/index.ts";
import type { CliContext, CommandInput } from "../command.ts";
import { printable } from "../views/table.ts";
import { isCheckId, printHint } from "./hint.ts";

/** The api-version in which the platform tells of its requests. */
const REQUESTS_API_VERSION = "2026-01-01";

/** Runs `explain` and answers with its exit code. */
export async function runExplain(input: CommandInput, context: CliContext): Promise<number> {
  const [text] = input.words;
  const requestId = input.text("request");
  if ((text === undefined) === (requestId === undefined)) {
    throw new CodedError("WrongUse", "Give a log line, the id of a check, or --request ID.");
  }
  if (requestId !== undefined) return explainRequest(requestId, input, context);
  if (isCheckId(text ?? "")) return printHint(text ?? "", context);
  return explainText(text ?? "", input, context);
}

async function explainText(
  text: string,
  input: CommandInput,
  { out }: CliContext,
): Promise<number> {
  const { explainLine } = await loadExplanations();
  const found = explainLine(text);
  if (input.text("output") === "json") {
    out(`${JSON.stringify({ known: found }, undefined, 2)}\n`);
    return found.length > 0 ? 0 : 1;
  }
  if (found.length === 0) {
    out(
      "Nothing is known of this text. `./linkscope check` looks for what is wrong all the same.\n",
    );
    return 1;
  }
  const lines = found.flatMap((one) => [
    `${one.id} (${one.kind}): ${one.means}`,
    `  do: ${one.remedy}`,
    ...one.checks.map((id) => {
      const title = checks.find((check) => check.id === id)?.title ?? "";
      return `  look: ./linkscope check, ${id} ${title}`;
    }),
    ...(one.failures.length === 0 ? [] : [`  see: docs/failures.md, ${one.failures.join(", ")}`]),
    `  from: ${one.source}`,
  ]);
  out(`${lines.join("\n")}\n`);
  return 0;
}

async function explainRequest(
  requestId: string,
  input: CommandInput,
  context: CliContext,
): Promise<number> {
  if (!/^[\w-]{1,64}$/.test(requestId)) {
    throw new CodedError("WrongUse", `'${printable(requestId)}' is no request id.`);
  }
  const { connect } = await import("../platform/connect.ts");
  const connection = connect(input, context);
  try {
    const path = `/providers/Linkscope.Platform/requests/${requestId}`;
    const entry = await connection.arm.get(path, REQUESTS_API_VERSION);
    if (entry === undefined) return 1;
    context.out(
      input.text("output") === "json"
        ? `${JSON.stringify(entry, undefined, 2)}\n`
        : `${requestLines(entry).join("\n")}\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== "RequestNotFound") throw error;
    context.note(`linkscope: ${error.message}\n`);
    return 1;
  } finally {
    connection.close();
  }
}

function requestLines(entry: JsonObject): readonly string[] {
  const text = (name: string): string => printable(stringAt(entry, name) ?? "");
  const endpoint = stringAt(entry, "endpointId");
  const way = endpoint === undefined ? "from a public network" : `through ${printable(endpoint)}`;
  const principal = stringAt(entry, "principal");
  const reasons = listAt(entry, "reasons").filter(isObject);
  return [
    `${text("method")} https://${text("host")}${text("path")}`,
    `  ${String(entry["status"])} at ${text("time")}, ${way}`,
    `  principal: ${principal === undefined ? "none was authenticated" : printable(principal)}`,
    `  resource: ${text("resourceId") || "none"}`,
    ...reasons.map(
      (reason) =>
        `  ${printable(stringAt(reason, "rule") ?? "")}: ${printable(stringAt(reason, "says") ?? "")} (${printable(stringAt(reason, "source") ?? "")})`,
    ),
  ];
}
