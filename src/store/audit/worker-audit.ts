import type { DispatchWrites, StoredDispatchHold } from "../operations/dispatch.ts";
import type { StoredWorkerGroup, WorkerGroupWrites } from "../operations/worker-groups.ts";
import type { StoredWorker, WorkerWrites } from "../operations/workers.ts";
import type { AuditRules, ThingKind, ToldChange } from "./audit-rule.ts";
import { changeOf, notAudited } from "./audit-rule.ts";

const worker: ThingKind<StoredWorker> = {
  kind: "worker",
  id: ({ workerId }) => workerId,
  name: ({ name }) => name,
  facts: ({ group, tags, admission }) => ({ group, tags, admission }),
};

const workerGroup: ThingKind<StoredWorkerGroup> = {
  kind: "worker-group",
  id: () => null,
  name: ({ name }) => name,
  // A group that only its workers name is described by nothing, and can be read all the same.
  facts: ({ description, leaseDuration }) => ({ description, leaseDuration }),
};

const byId = ({ workerId }: { workerId: string }) => ({ read: "worker", of: { workerId } }) as const;
const byName = ({ name }: { name: string }) => ({ read: "workerGroup", of: { name } }) as const;

const byTheWorker = "a worker says it of itself; its creation and its removal are audited";

export const workerAudit: AuditRules<WorkerWrites & WorkerGroupWrites & DispatchWrites> = {
  createWorker: changeOf(worker, (_, result) => (result === undefined ? null : byId(result))),
  changeWorker: changeOf(worker, byId),
  removeWorker: {
    look: byId,
    // The row may stay for a while, until its lease has ended.
    tell: ({ argument, result, before }) => {
      const known = before as StoredWorker | null;
      return result === null
        ? null
        : {
            action: "remove",
            kind: worker.kind,
            id: argument.workerId,
            name: known?.name ?? null,
            before: known === null ? {} : (worker.facts?.(known) ?? {}),
            after: null,
          };
    },
  },
  helloWorker: notAudited(byTheWorker),
  renewLeases: notAudited(byTheWorker),
  drainWorker: notAudited(byTheWorker),
  workerLeft: notAudited(byTheWorker),
  expireLeases: notAudited("the service does it when a worker is not heard of"),
  setWorkerGroup: changeOf(workerGroup, byName),
  removeWorkerGroup: changeOf(workerGroup, byName),
  holdDispatch: { tell: ({ result }) => holdTold("hold", result) },
  releaseDispatch: { tell: ({ result }) => (result === null ? null : holdTold("release", result)) },
  parkHeldJobs: notAudited("it carries out a hold, which is audited"),
};

function holdTold(action: "hold" | "release", { scope, subject, runbookName, reason }: StoredDispatchHold): ToldChange {
  const held = { scope, reason };
  return {
    action,
    kind: "dispatch",
    id: scope === "runbook" ? subject : null,
    name: runbookName ?? (subject === "" ? "all" : subject),
    before: action === "hold" ? null : held,
    after: action === "hold" ? held : null,
  };
}
