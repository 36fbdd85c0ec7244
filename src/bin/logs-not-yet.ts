/** Stands where the store of logs and the translator belong until they are composed: refuses by name, and keeps nothing. */
import { CodedError } from "../core/index.ts";
import type { KqlTranslator } from "../kql/index.ts";
import type { LogsStore } from "../store/index.ts";

const refuse = async (): Promise<never> => {
  throw new CodedError("FeatureNotEmulated", "Logs are not stored by this process.", {
    status: 501,
  });
};

export const logsNotYet: LogsStore = {
  workspace: refuse,
  transform: refuse,
  remove: async () => {},
  close: async () => {},
};
export const kqlNotYet: Pick<KqlTranslator, "translate"> = { translate: refuse };
