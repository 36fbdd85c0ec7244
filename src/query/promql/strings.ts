/** String literals: escapes as in Go. Bytes that are not UTF-8 become lone surrogates U+DC80 to U+DCFF. */

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
]);

/** What an escape after `\` stands for: how far it reaches and its text or byte; or why it is wrong. */
export type Escape =
  | { readonly chars: number; readonly text: string }
  | { readonly chars: number; readonly byte: number }
  | { readonly problem: string };

/** Reads the escape whose first character (after the backslash) stands at `at`. */
export function readEscape(source: string, at: number, quote: string): Escape {
  const char = source[at];
  if (char === undefined) return { problem: "escape sequence not terminated" };
  const simple = char === quote ? quote : SIMPLE_ESCAPES.get(char);
  if (simple !== undefined) return { chars: 1, text: simple };
  if (char >= "0" && char <= "7") return readDigits(source, at, { skip: 0, digits: 3, base: 8 });
  if (char === "x") return readDigits(source, at, { skip: 1, digits: 2, base: 16 });
  if (char === "u") return readDigits(source, at, { skip: 1, digits: 4, base: 16 });
  if (char === "U") return readDigits(source, at, { skip: 1, digits: 8, base: 16 });
  return { problem: `unknown escape sequence ${describeRune(source, at)}` };
}

function readDigits(
  source: string,
  at: number,
  { skip, digits, base }: { readonly skip: number; readonly digits: number; readonly base: number },
): Escape {
  let value = 0;
  for (let index = at + skip; index < at + skip + digits; index++) {
    const char = source[index];
    if (char === undefined) return { problem: "escape sequence not terminated" };
    const digit = /[0-9a-fA-F]/.test(char) ? Number.parseInt(char, 16) : base;
    if (digit >= base) {
      return { problem: `illegal character ${describeRune(source, index)} in escape sequence` };
    }
    value = value * base + digit;
  }
  const chars = skip + digits;
  const isByte = digits <= 3;
  if (value > (isByte ? 0xff : 0x10ffff) || (value >= 0xd800 && value < 0xe000)) {
    return { problem: "escape sequence is an invalid Unicode code point" };
  }
  return isByte ? { chars, byte: value } : { chars, text: String.fromCodePoint(value) };
}

/** Go's %#U: `U+0071 'q'`. */
function describeRune(source: string, at: number): string {
  const code = source.codePointAt(at) ?? 0;
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")} '${String.fromCodePoint(code)}'`;
}

/** The value of a string token, quotes included; the lexer has checked its escapes. */
export function unquote(token: string): string {
  const quote = token[0] ?? "";
  const body = token.slice(1, -1);
  if (quote === "`" || !body.includes("\\")) return body;
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = body.indexOf("\\"); at >= 0; at = body.indexOf("\\", from)) {
    parts.push(Buffer.from(body.slice(from, at)));
    const escape = readEscape(body, at + 1, quote);
    if ("problem" in escape) throw new Error(escape.problem);
    parts.push("byte" in escape ? Buffer.from([escape.byte]) : Buffer.from(escape.text));
    from = at + 1 + escape.chars;
  }
  parts.push(Buffer.from(body.slice(from)));
  return decodeKeepingBytes(Buffer.concat(parts));
}

/** UTF-8 to text; each byte that is no part of a character becomes U+DC00 plus the byte. */
function decodeKeepingBytes(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!text.includes("\ufffd")) return text;
  let decoded = "";
  for (let at = 0; at < bytes.length;) {
    const length = characterLength(bytes, at);
    decoded +=
      length === 0
        ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0))
        : bytes.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return decoded;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How many bytes make the character at `at`; 0 where there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > bytes.length) return 0;
  try {
    strictUtf8.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

const QUOTED: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

/** The text in double quotes with Go's escapes; `unquote` gives it back. */
export function quote(text: string): string {
  let quoted = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const escape = QUOTED.get(char);
    if (escape !== undefined) quoted += escape;
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code >= 0xdc80 && code <= 0xdcff) quoted += `\\x${(code - 0xdc00).toString(16)}`;
    else quoted += char;
  }
  return `${quoted}"`;
}

/** Whether the text can name a label or a metric: not empty, and well-formed Unicode. */
export const isValidName = (name: string): boolean => name !== "" && name.isWellFormed();

/** Whether a name can stand without quotes. */
export const isPlainLabelName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
