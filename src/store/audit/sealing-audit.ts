import type { SealingWrites } from "../operations/sealing.ts";
import type { AuditedOperation, AuditRules } from "./audit-rule.ts";
import { notAudited } from "./audit-rule.ts";

/** A step of a master key's life; `false` says that another service was first. */
function keyTold<Result>(action: string): AuditedOperation<{ keyId: string }, Result> {
  return {
    tell: ({ argument: { keyId }, result }) =>
      result === false ? null : { action, kind: "master-key", id: keyId, name: null, before: null, after: { keyId } },
  };
}

export const sealingAudit: AuditRules<SealingWrites> = {
  beginSealing: notAudited("it happens once, at the first start, before anything is audited"),
  addSealingSecret: notAudited("the service looks by it whether what it writes is sealed"),
  removeSealingSecret: notAudited("the service looks by it whether what it writes is sealed"),
  rewrapSecrets: notAudited("the values stay the same; the replacement of the master key is audited"),
  reportSealing: notAudited("services tell one another which keys they can read"),
  endSealing: notAudited("services tell one another which keys they can read"),
  announceMasterKey: keyTold("announce"),
  useMasterKey: keyTold("use"),
  retireMasterKey: keyTold("retire"),
};
