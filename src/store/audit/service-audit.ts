import type { AuditWrites } from "../operations/audit.ts";
import type { DutyLeaseWrites } from "../operations/duty-leases.ts";
import type { IdempotencyWrites } from "../operations/idempotency.ts";
import type { AuditRules } from "./audit-rule.ts";
import { notAudited } from "./audit-rule.ts";

export const serviceAudit: AuditRules<IdempotencyWrites & DutyLeaseWrites & AuditWrites> = {
  keepIdempotentAnswer: notAudited("it keeps the answer to a request whose work is audited"),
  purgeIdempotentAnswers: notAudited("the service forgets answers that have had their time"),
  takeDutyLease: notAudited("services settle between themselves who does the background duties"),
  releaseDutyLease: notAudited("services settle between themselves who does the background duties"),
  noteDeniedAttempts: {
    tell: ({ argument: { attempts } }) =>
      attempts.map(({ principalId, name, kind, address, tried, refused, notPermitted, since }) => ({
        action: "denied",
        kind: "access",
        id: tried?.principalId ?? null,
        name: tried?.name ?? null,
        before: null,
        after: {
          ...(refused > 0 && { refused }),
          ...(notPermitted > 0 && { notPermitted }),
          since: new Date(since).toISOString(),
        },
        by: { principalId, principalName: name ?? "unknown", principalKind: kind ?? "unknown", address },
      })),
  },
  chainAuditEntries: notAudited("it is the audit itself"),
  purgeAuditEntries: notAudited("the service does it, by the installation's retention, and leaves a signed anchor"),
};
