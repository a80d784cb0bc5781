import type { Principal } from "../access/principal.ts";
import type { Actor } from "../store/actor.ts";
import type { Store } from "../store/store.ts";

/** In whose name a job does something: the principal that it acts as, signed in by the job, from where the job was started. */
export async function actorOfJob(store: Pick<Store, "read">, jobId: string, caller: Principal): Promise<Actor> {
  const [job] = await store.read.jobAncestors({ jobId, limit: 1 });
  return {
    principalId: caller.principalId,
    name: caller.name,
    kind: caller.kind,
    signedInBy: `job ${jobId}`,
    address: job?.startedFrom?.address ?? null,
    requestId: job?.startedFrom?.requestId ?? null,
  };
}
