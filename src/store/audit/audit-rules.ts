import type { WriteOperations } from "../store.ts";
import { accessAudit } from "./access-audit.ts";
import { assetAudit } from "./asset-audit.ts";
import type { AuditedOperation, AuditRule, AuditRules } from "./audit-rule.ts";
import { jobAudit } from "./job-audit.ts";
import { noticeAudit } from "./notice-audit.ts";
import { rightAudit } from "./right-audit.ts";
import { runbookAudit } from "./runbook-audit.ts";
import { scheduleAudit } from "./schedule-audit.ts";
import { sealingAudit } from "./sealing-audit.ts";
import { serviceAudit } from "./service-audit.ts";
import { signInProviderAudit } from "./sign-in-provider-audit.ts";
import { workerAudit } from "./worker-audit.ts";

/** What the audit tells of each write. An operation that is missing here does not compile: say how it is told, or why it is not. */
export const auditRules: AuditRules<WriteOperations> = {
  ...runbookAudit,
  ...accessAudit,
  ...jobAudit,
  ...noticeAudit,
  ...scheduleAudit,
  ...workerAudit,
  ...rightAudit,
  ...sealingAudit,
  ...assetAudit,
  ...signInProviderAudit,
  ...serviceAudit,
};

/** How an operation is told, by its name; undefined when there is no entry of it. */
export function auditedOperation(name: string): AuditedOperation<unknown, unknown> | undefined {
  return audited.get(name);
}

const audited: ReadonlyMap<string, AuditedOperation<unknown, unknown>> = new Map(
  (Object.entries(auditRules) as [string, AuditRule<unknown, unknown>][]).flatMap(([name, rule]) =>
    "because" in rule ? [] : [[name, rule] as const],
  ),
);
