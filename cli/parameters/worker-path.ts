/** The address of a worker below the service's, by its name or id. */
export function workerPath(worker: string, action?: "cordon" | "uncordon" | "drain"): string {
  return `/api/workers/${encodeURIComponent(worker)}${action === undefined ? "" : `/${action}`}`;
}
