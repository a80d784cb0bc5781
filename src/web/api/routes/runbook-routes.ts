import { scriptSizeLimit } from "../../../contract/analysis.ts";
import type { RunbookResource } from "../../../contract/api/runbook.ts";
import type { RunbookKind } from "../../../contract/runbook-kind.ts";
import type { ChangeContext, RunbookSettingsChange, RunbooksFeature } from "../../../runbooks/runbooks-feature.ts";
import type { StoredRunbook, VersionName } from "../../../store/operations/runbooks.ts";
import { decodeBase64 } from "../decode-base64.ts";
import { entityTag } from "../entity-tag.ts";
import { runbookResource, runbookVersionResource } from "../resources/runbook-resource.ts";
import type { ApiRequest, Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { folderNameSchema } from "../schemas/folder-schemas.ts";
import { principalSchema } from "../schemas/right-schemas.ts";
import {
  importRunbookSchema,
  publishSchema,
  runbookSettingsSchema,
  saveDraftSchema,
} from "../schemas/runbook-schemas.ts";

/** Base64 makes four characters of three bytes; the rest of the body is small. */
const scriptBodyLimit = Math.ceil((scriptSizeLimit * 4) / 3) + 64 * 1024;
const scriptBody = {
  limit: scriptBodyLimit,
  limitReason: `a script may have ${scriptSizeLimit} bytes, and base64 makes a third more of them`,
};

const versionParameter = {
  type: "string",
  pattern: "^(draft|published|[1-9][0-9]{0,8})$",
  description: "`draft`, `published` or a number.",
};

const oneRunbook = { 200: { description: "The runbook.", schema: resource("Runbook") } };

interface OneRunbook {
  params: { runbook: string };
}

interface OneVersion {
  params: { runbook: string; version: string };
}

/** `/api/runbooks` and what is below it. `{runbook}` is an id or a name. */
export function runbookRoutes(runbooks: RunbooksFeature): Route[] {
  return [
    route<{
      body: {
        name: string;
        kind: RunbookKind;
        source: string;
        tags?: string[];
        description?: string;
        folder?: string | null;
        overwrite?: boolean;
        publish?: boolean;
        grantNeeded?: boolean;
        assetsLater?: boolean;
      };
    }>({
      method: "POST",
      path: "/api/runbooks",
      name: "importRunbook",
      summary: "Imports a script as a draft, and publishes it if asked.",
      access: "edit",
      body: { schema: importRunbookSchema, ...scriptBody },
      responses: {
        201: { description: "A new runbook.", schema: resource("Runbook") },
        200: { description: "The runbook of that name with the text as its draft.", schema: resource("Runbook") },
      },
      async handle(request) {
        const { body } = request;
        const { runbook, created } = await runbooks.import(
          {
            name: body.name,
            kind: body.kind,
            source: decodeBase64(body.source, "/source"),
            settings: {
              ...(body.tags !== undefined && { tags: body.tags }),
              ...(body.description !== undefined && { description: body.description }),
            },
            ...(body.folder !== undefined && { folder: body.folder }),
            overwrite: body.overwrite === true,
            publish: body.publish === true,
            grantNeeded: body.grantNeeded === true,
            assetsLater: body.assetsLater === true,
          },
          contextOf(request),
        );
        const answer = answerOf(runbook);
        return created
          ? { ...answer, status: 201, headers: { ...answer.headers, Location: `/api/runbooks/${runbook.runbookId}` } }
          : answer;
      },
    }),
    route<{ query: PageQuery & { name?: string; tag?: string; folder?: string; runAs?: string } }>({
      method: "GET",
      path: "/api/runbooks",
      name: "listRunbooks",
      summary: "Lists runbooks by name.",
      access: "read",
      query: {
        name: { type: "string", maxLength: 256, description: "A part of the name, or a whole name with `*` in it." },
        tag: { type: "string", maxLength: 64, description: "One whole tag." },
        folder: { ...folderNameSchema, description: "Id or path of the folder that they are in, not below it." },
        runAs: { ...principalSchema, description: "The principal that their jobs act as." },
        ...pageQuery,
      },
      responses: { 200: { description: "A page of runbooks.", schema: pageOf("Runbook") } },
      async handle({ query, caller }) {
        const page = await runbooks.list({ ...query, limit: query.limit ?? defaultPage }, caller);
        return { status: 200, body: { items: page.items.map(runbookResource), next: page.next } };
      },
    }),
    route<OneRunbook>({
      method: "GET",
      path: "/api/runbooks/{runbook}",
      name: "getRunbook",
      summary: "One runbook, by id or name.",
      access: "read",
      responses: oneRunbook,
      async handle({ params, caller }) {
        return answerOf(await runbooks.get(params.runbook, caller));
      },
    }),
    route<OneRunbook & { body: RunbookSettingsChange }>({
      method: "PATCH",
      path: "/api/runbooks/{runbook}",
      name: "changeRunbook",
      summary:
        "Changes settings: description, tags, enabled, logs, grants, limits; the folder, and the principal that its jobs act as.",
      access: "edit",
      body: { schema: runbookSettingsSchema, limit: 256 * 1024 },
      ifMatch: true,
      responses: oneRunbook,
      async handle(request) {
        return answerOf(await runbooks.change(request.params.runbook, request.body, contextOf(request)));
      },
    }),
    route<OneRunbook>({
      method: "DELETE",
      path: "/api/runbooks/{runbook}",
      name: "removeRunbook",
      summary: "Removes a runbook with all its versions; its ended jobs stay.",
      access: "edit",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle(request) {
        await runbooks.remove(request.params.runbook, contextOf(request));
        return { status: 204 };
      },
    }),
    route<OneRunbook & { body: { source: string } }>({
      method: "PUT",
      path: "/api/runbooks/{runbook}/draft",
      name: "saveDraft",
      summary: "Saves a text as the draft.",
      access: "edit",
      body: { schema: saveDraftSchema, ...scriptBody },
      ifMatch: true,
      responses: oneRunbook,
      async handle(request) {
        const source = decodeBase64(request.body.source, "/source");
        return answerOf(await runbooks.saveDraft(request.params.runbook, source, contextOf(request)));
      },
    }),
    route<OneRunbook>({
      method: "DELETE",
      path: "/api/runbooks/{runbook}/draft",
      name: "discardDraft",
      summary: "Throws the draft away.",
      access: "edit",
      ifMatch: true,
      responses: { 204: { description: "There is no draft any more." } },
      async handle(request) {
        await runbooks.discardDraft(request.params.runbook, contextOf(request));
        return { status: 204 };
      },
    }),
    route<OneRunbook & { body: { grantNeeded?: boolean; assetsLater?: boolean } }>({
      method: "POST",
      path: "/api/runbooks/{runbook}/publish",
      name: "publishRunbook",
      summary: "Makes the draft the published version.",
      access: "edit",
      body: { schema: publishSchema, limit: 4096, optional: true },
      ifMatch: true,
      responses: oneRunbook,
      async handle(request) {
        const { grantNeeded = false, assetsLater = false } = request.body;
        const how = { grantNeeded, assetsLater };
        return answerOf(await runbooks.publish(request.params.runbook, how, contextOf(request)));
      },
    }),
    route<OneRunbook & { query: PageQuery }>({
      method: "GET",
      path: "/api/runbooks/{runbook}/versions",
      name: "listRunbookVersions",
      summary: "Lists the versions of a runbook, newest first.",
      access: "read",
      query: pageQuery,
      responses: { 200: { description: "A page of versions.", schema: pageOf("RunbookVersion") } },
      async handle({ params, query, caller }) {
        const page = await runbooks.versions(params.runbook, { ...query, limit: query.limit ?? defaultPage }, caller);
        return { status: 200, body: { items: page.items.map(runbookVersionResource), next: page.next } };
      },
    }),
    route<OneVersion>({
      method: "GET",
      path: "/api/runbooks/{runbook}/versions/{version}",
      name: "getRunbookVersion",
      summary: "One version: signature, problems, needs.",
      access: "read",
      params: { version: versionParameter },
      responses: { 200: { description: "The version.", schema: resource("RunbookVersion") } },
      async handle({ params, caller }) {
        const version = await runbooks.version(params.runbook, versionName(params.version), caller);
        return { status: 200, body: runbookVersionResource(version) };
      },
    }),
    route<OneVersion>({
      method: "GET",
      path: "/api/runbooks/{runbook}/versions/{version}/content",
      name: "getRunbookVersionContent",
      summary: "The file's own bytes of a version, as they were imported.",
      access: "read",
      params: { version: versionParameter },
      responses: { 200: { description: "The bytes.", mediaType: "application/octet-stream" } },
      async handle({ params, caller }) {
        const content = await runbooks.content(params.runbook, versionName(params.version), caller);
        return {
          status: 200,
          bytes: content.source,
          mediaType: "application/octet-stream",
          headers: { ETag: `"${content.contentHash}"`, "Content-Disposition": "attachment" },
        };
      },
    }),
  ];
}

function answerOf(runbook: StoredRunbook): { status: number; body: RunbookResource; headers: Record<string, string> } {
  return { status: 200, body: runbookResource(runbook), headers: { ETag: entityTag(runbook.revision) } };
}

function contextOf(request: Pick<ApiRequest, "caller" | "ifMatch" | "idempotency">): ChangeContext {
  return { caller: request.caller, expectedRevision: request.ifMatch, idempotency: request.idempotency };
}

function versionName(text: string): VersionName {
  return text === "draft" || text === "published" ? text : Number(text);
}
