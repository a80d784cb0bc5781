// biome-ignore lint/suspicious/noEmptyInterface: filled by the jobs part
export interface StreamReads {}

// biome-ignore lint/suspicious/noEmptyInterface: filled by the jobs part
export interface StreamWrites {}
