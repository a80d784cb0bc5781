import type { AuditFeature, AuditQuery } from "../../../access/audit/audit-feature.ts";
import type { VerificationRequest } from "../../../access/audit/audit-verification.ts";
import { UserError } from "../../../contract/user-error.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { auditQuery, verificationSchema } from "../schemas/audit-schemas.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";

/** `/api/audit` and what is below it. */
export function auditRoutes(audit: AuditFeature): Route[] {
  return [
    route<{ query: Omit<AuditQuery, "limit"> & PageQuery }>({
      method: "GET",
      path: "/api/audit",
      name: "listAuditEntries",
      summary: "Who did what, when and from where, newest first.",
      access: "administrator",
      query: { ...auditQuery, ...pageQuery },
      responses: { 200: { description: "A page of entries.", schema: pageOf("AuditEntry") } },
      async handle({ query }) {
        return { status: 200, body: await audit.list({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route({
      method: "GET",
      path: "/api/audit/anchor",
      name: "getAuditAnchor",
      summary: "The signed end of the chain of entries as it is now, for safekeeping elsewhere.",
      access: "administrator",
      responses: { 200: { description: "The anchor.", schema: resource("AuditAnchor") } },
      async handle() {
        const anchor = await audit.anchor();
        if (anchor === null) {
          throw new UserError("audit-empty", "The audit has no entry yet.", {
            status: 404,
            remedy: "Ask again when something was changed.",
          });
        }
        return { status: 200, body: anchor };
      },
    }),
    route<{ body: VerificationRequest }>({
      method: "POST",
      path: "/api/audit/verification",
      name: "verifyAudit",
      summary: "Looks through a portion of the chain for entries that were changed, removed or put in.",
      access: "administrator",
      body: { schema: verificationSchema, limit: 65_536, optional: true },
      responses: { 200: { description: "What was found.", schema: resource("AuditVerification") } },
      async handle({ body }) {
        return { status: 200, body: await audit.verify(body) };
      },
    }),
  ];
}
