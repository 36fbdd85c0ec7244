/** The clouds that facts are read from, by the names that az has for them. */

export const cloudNames = ["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"] as const;
export type CloudName = (typeof cloudNames)[number];
