// biome-ignore lint/suspicious/noEmptyInterface: filled by the jobs part
export interface WorkerReads {}

// biome-ignore lint/suspicious/noEmptyInterface: filled by the jobs part
export interface WorkerWrites {}
