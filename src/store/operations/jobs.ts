// biome-ignore lint/suspicious/noEmptyInterface: filled by the jobs part
export interface JobReads {}

// biome-ignore lint/suspicious/noEmptyInterface: filled by the jobs part
export interface JobWrites {}
