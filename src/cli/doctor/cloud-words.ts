/** What `--cloud` takes. */
export const cloudWords = ["platform", "azure", "usgovernment", "china"] as const;
