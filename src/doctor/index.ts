/** The doctor: checks over a snapshot, their order of cause, and what they say. */
export {};
