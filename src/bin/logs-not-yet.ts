/** Stands where the translator belongs until it is composed: refuses by name. */
import { CodedError } from "../core/index.ts";
import type { KqlTranslator } from "../kql/index.ts";

const refuse = async (): Promise<never> => {
  throw new CodedError(
    "FeatureNotEmulated",
    "Queries of logs are not translated by this process.",
    {
      status: 501,
    },
  );
};

export const kqlNotYet: Pick<KqlTranslator, "translate"> = { translate: refuse };
