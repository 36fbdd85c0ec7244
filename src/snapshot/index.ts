/** Snapshots: the facts of an estate, read from Azure Resource Manager, a file or a plan, and what could not be read. */
export {};
