/** KQL: text → checked by Microsoft's parser → SQL that is data. */
export type {
  KqlProblem,
  KqlTranslator,
  SqlParameter,
  TranslateRequest,
  Translation,
} from "./seams.ts";
export { createKqlTranslator } from "./create-kql-translator.ts";
export type { KqlTranslatorOptions } from "./create-kql-translator.ts";
export { kqlErrors } from "./errors.ts";
