/** KQL: text → checked by Microsoft's parser → SQL that is data. */
export type {
  KqlProblem,
  KqlTranslator,
  SqlParameter,
  TranslateRequest,
  Translation,
} from "./seams.ts";
