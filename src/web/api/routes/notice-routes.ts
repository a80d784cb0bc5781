import type { NoticeRuleResource, NoticeStatus } from "../../../contract/api/notice.ts";
import type { CallersNotices } from "../../../notices/callers-notices.ts";
import type { NoticeRuleChange, NoticeTargetInput } from "../../../notices/notice-rules.ts";
import type { NoticesFeature } from "../../../notices/notices-feature.ts";
import { entityTag } from "../entity-tag.ts";
import type { ApiAnswer, Route } from "../route.ts";
import { route } from "../route.ts";
import type { PageQuery } from "../schemas/common-schemas.ts";
import { defaultPage, pageOf, pageQuery, resource } from "../schemas/common-schemas.ts";
import { changeNoticeRuleSchema, createNoticeRuleSchema, noticeStatusSchema } from "../schemas/notice-schemas.ts";

interface OneRule {
  params: { rule: string };
}

interface OneNotice {
  params: { noticeId: string };
}

const bodyLimit = 64 * 1024;
const oneRule = { 200: { description: "The rule.", schema: resource("NoticeRule") } };

/** `/api/notice-rules`, `/api/notices` and what is below them. */
export function noticeRoutes(notices: NoticesFeature, callersNotices: CallersNotices): Route[] {
  return [
    route<{ query: PageQuery }>({
      method: "GET",
      path: "/api/notice-rules",
      name: "listNoticeRules",
      summary: "Lists notice rules by name.",
      access: "administrator",
      query: pageQuery,
      responses: { 200: { description: "A page of rules.", schema: pageOf("NoticeRule") } },
      async handle({ query }) {
        return { status: 200, body: await notices.listRules({ ...query, limit: query.limit ?? defaultPage }) };
      },
    }),
    route<{ body: NoticeRuleChange & { name: string; target: NoticeTargetInput } }>({
      method: "POST",
      path: "/api/notice-rules",
      name: "createNoticeRule",
      summary: "Makes a notice rule: who is told of what.",
      access: "administrator",
      body: { schema: createNoticeRuleSchema, limit: bodyLimit },
      idempotency: "generic",
      responses: { 201: { description: "The rule.", schema: resource("NoticeRule") } },
      async handle({ body, caller, idempotency }) {
        const rule = await notices.createRule({ ...body, changedBy: caller.name }, idempotency);
        return answerOf(rule, 201, { Location: `/api/notice-rules/${rule.ruleId}` });
      },
    }),
    route<OneRule>({
      method: "GET",
      path: "/api/notice-rules/{rule}",
      name: "getNoticeRule",
      summary: "One notice rule, by id or name.",
      access: "administrator",
      responses: oneRule,
      async handle({ params }) {
        return answerOf(await notices.getRule(params.rule));
      },
    }),
    route<OneRule & { body: NoticeRuleChange }>({
      method: "PATCH",
      path: "/api/notice-rules/{rule}",
      name: "changeNoticeRule",
      summary: "Changes settings of a notice rule; a target as a whole. Switching it off cancels what waits.",
      access: "administrator",
      body: { schema: changeNoticeRuleSchema, limit: bodyLimit },
      ifMatch: true,
      responses: oneRule,
      async handle({ params, body, caller, ifMatch }) {
        const change = { ...body, rule: params.rule, changedBy: caller.name };
        return answerOf(
          await notices.changeRule({ ...change, ...(ifMatch !== undefined && { expectedRevision: ifMatch }) }),
        );
      },
    }),
    route<OneRule>({
      method: "DELETE",
      path: "/api/notice-rules/{rule}",
      name: "removeNoticeRule",
      summary: "Removes a notice rule; what waits is cancelled, and its notices stay.",
      access: "administrator",
      ifMatch: true,
      responses: { 204: { description: "It is removed." } },
      async handle({ params, ifMatch }) {
        await notices.removeRule({
          rule: params.rule,
          ...(ifMatch !== undefined && { expectedRevision: ifMatch }),
        });
        return { status: 204 };
      },
    }),
    route<OneRule>({
      method: "POST",
      path: "/api/notice-rules/{rule}/test",
      name: "testNoticeRule",
      summary: "Delivers a test to the rule's target, once. The answer comes when it is over.",
      access: "administrator",
      idempotency: "generic",
      responses: { 200: { description: "The test, delivered or given up.", schema: resource("Notice") } },
      async handle({ params }) {
        return { status: 200, body: await notices.testRule(params.rule) };
      },
    }),
    route<{ query: PageQuery & { rule?: string; status?: NoticeStatus } }>({
      method: "GET",
      path: "/api/notices",
      name: "listNotices",
      summary: "Lists notices, newest first.",
      access: "read",
      query: {
        rule: { type: "string", minLength: 1, maxLength: 256, description: "Id or name of a rule." },
        status: noticeStatusSchema,
        ...pageQuery,
      },
      responses: { 200: { description: "A page of notices.", schema: pageOf("Notice") } },
      async handle({ query, caller }) {
        const page = { ...query, limit: query.limit ?? defaultPage };
        return { status: 200, body: await callersNotices.list(page, caller) };
      },
    }),
    route<OneNotice>({
      method: "GET",
      path: "/api/notices/{noticeId}",
      name: "getNotice",
      summary: "One notice.",
      access: "read",
      responses: { 200: { description: "The notice.", schema: resource("Notice") } },
      async handle({ params, caller }) {
        return { status: 200, body: await callersNotices.get(params.noticeId, caller) };
      },
    }),
    route<OneNotice>({
      method: "GET",
      path: "/api/notices/{noticeId}/deliveries",
      name: "listNoticeDeliveries",
      summary: "The attempts to deliver a notice, in order.",
      access: "administrator",
      responses: { 200: { description: "All attempts.", schema: pageOf("NoticeDelivery") } },
      async handle({ params }) {
        return { status: 200, body: await notices.listDeliveries(params.noticeId) };
      },
    }),
  ];
}

function answerOf(rule: NoticeRuleResource, status = 200, headers: Record<string, string> = {}): ApiAnswer {
  return { status, body: rule, headers: { ...headers, ETag: entityTag(rule.revision) } };
}
