import type { AssetCollection, CommonSettings } from "../../../assets/asset-collection.ts";
import type { AssetResource } from "../../../contract/api/asset.ts";
import { entityTag } from "../entity-tag.ts";
import type { ApiAnswer, JsonSchema, Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";

/** What the routes of a kind of asset have of their own. */
export interface AssetRouteParts<Resource extends AssetResource, Settings extends object> {
  assets: AssetCollection<Resource, Settings>;
  /** Such as `/api/connection-types`. */
  path: string;
  /** In the words of summaries, such as `connection type`, with its article, and of many. */
  noun: { one: string; many: string };
  /** Its name in the OpenAPI document, such as `ConnectionType`; also in the names of operations. */
  resource: string;
  /** What may be said of a new one, and of a change. */
  schemas: { create: JsonSchema; change: JsonSchema };
  /** Bytes of a body. */
  bodyLimit: number;
  /** What it takes to make, change and remove one; `edit` when left out. */
  editing?: "edit" | "administer";
}

interface OneAsset {
  params: { asset: string };
}

/** The routes of a kind of asset: list, make, read, change, remove. */
export function assetRoutes<Resource extends AssetResource, Settings extends object>({
  assets,
  path,
  noun,
  resource: resourceName,
  schemas,
  bodyLimit,
  editing = "edit",
}: AssetRouteParts<Resource, Settings>): Route[] {
  const one = `${path}/{asset}`;
  const params = { asset: { type: "string", minLength: 1, maxLength: 512, description: "Id or name." } };
  const oneAsset = { 200: { description: `What is known of ${noun.one}.`, schema: resource(resourceName) } };
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path,
      name: `list${resourceName}s`,
      summary: `Lists ${noun.many} by name: those that the caller may read.`,
      access: "read",
      query: pageQuery,
      responses: { 200: { description: `A page of ${noun.many}.`, schema: pageOf(resourceName) } },
      async handle({ query, caller }) {
        return { status: 200, body: await assets.list(caller, { ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: CommonSettings & Settings }>({
      method: "POST",
      path,
      name: `create${resourceName}`,
      summary: `Makes ${noun.one}.`,
      access: editing,
      body: { schema: schemas.create, limit: bodyLimit },
      idempotency: "generic",
      responses: { 201: { description: "What was made.", schema: resource(resourceName) } },
      async handle({ body, caller, idempotency }) {
        const made = await assets.create(caller, body, idempotency);
        return answerOf(made, 201, { Location: `${path}/${made.assetId}` });
      },
    }),
    route<OneAsset>({
      method: "GET",
      path: one,
      name: `get${resourceName}`,
      summary: `Reads ${noun.one}, by id or name; what is secret is never in the answer.`,
      access: "read",
      params,
      responses: oneAsset,
      async handle({ params: { asset }, caller }) {
        return answerOf(await assets.get(caller, asset));
      },
    }),
    route<OneAsset & { body: Partial<CommonSettings & Settings> }>({
      method: "PATCH",
      path: one,
      name: `change${resourceName}`,
      summary: `Changes or renames ${noun.one}.`,
      access: editing,
      params,
      body: { schema: schemas.change, limit: bodyLimit },
      ifMatch: true,
      responses: oneAsset,
      async handle({ params: { asset }, body, caller, ifMatch }) {
        return answerOf(await assets.change(caller, { asset, change: body, expectedRevision: ifMatch }));
      },
    }),
    route<OneAsset & { query: { force?: boolean } }>({
      method: "DELETE",
      path: one,
      name: `remove${resourceName}`,
      summary: `Removes ${noun.one}; refused while it is used, unless forced: then the answer says by whom.`,
      access: editing,
      params,
      query: { force: { type: "boolean", description: "Also while it is used." } },
      ifMatch: true,
      responses: { 200: { description: "It is removed.", schema: resource("RemovedAsset") } },
      async handle({ params: { asset }, query, caller, ifMatch }) {
        const removed = await assets.remove(caller, { asset, force: query.force === true, expectedRevision: ifMatch });
        return { status: 200, body: removed };
      },
    }),
  ];
}

function answerOf(asset: AssetResource, status = 200, headers: Record<string, string> = {}): ApiAnswer {
  return { status, body: asset, headers: { ...headers, ETag: entityTag(asset.revision) } };
}
