import type { Isolation } from "../contract/api/runbook.ts";
import type { Grant } from "../contract/grant.ts";
import type { HostReuse } from "./operations/jobs.ts";

/** Folders of a host that are emptied between two jobs, so that nothing of the machine's may lie in them. */
const emptiedFolders = ["/tmp", "/dev/shm"];

/**
 * With whom a job may share its host, decided when it is accepted. Never where it brings a secret: that would stay in
 * the process's memory. And never where its grants take away what the next job's host is judged clean by: a process
 * namespace of its own, and private folders that may be emptied.
 */
export function hostReuseOf(
  runbook: { isolation: Isolation; shareCallers: boolean; grants: readonly Grant[] },
  job: {
    secretNames: readonly string[];
    namesCredential?: boolean;
    starterId?: string | null;
    draft?: boolean;
  },
): HostReuse {
  const bringsSecret = job.secretNames.length > 0 || job.namesCredential === true;
  if (runbook.isolation !== "runbook" || bringsSecret || runbook.grants.some(forbidsReuse)) {
    return "never";
  }
  // Drafts act as whoever tests them, so hosts do not go from one to another.
  if (runbook.shareCallers && job.draft !== true) {
    return "any-starter";
  }
  // Nobody in particular is nobody's equal.
  return (job.starterId ?? null) === null ? "never" : "same-starter";
}

function forbidsReuse(grant: Grant): boolean {
  switch (grant.type) {
    case "processes":
      return true;
    case "path":
    case "socket":
      return emptiedFolders.some((folder) => grant.path === folder || grant.path.startsWith(`${folder}/`));
    case "network":
      return false;
  }
}
