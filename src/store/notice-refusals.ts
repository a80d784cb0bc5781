import { UserError } from "../contract/user-error.ts";

/* What changes of notice rules are refused with, on every database. */

export function noticeRuleExists(name: string): UserError {
  return new UserError("notice-rule-exists", `There is a notice rule named ${name} already.`, {
    status: 409,
    remedy: `Choose another name, or change that one: npx runsmith set-notice-rule ${JSON.stringify(name)}`,
  });
}

export function noSuchNoticeRule(rule: string): UserError {
  return new UserError("notice-rule-not-found", `There is no notice rule ${rule}.`, {
    status: 404,
    remedy: "List them: `npx runsmith get-notice-rule`.",
  });
}

export function noticeRuleChanged(name: string): UserError {
  return new UserError("revision-mismatch", `The notice rule ${name} was changed meanwhile.`, {
    status: 412,
    remedy: "Read it again, and decide on what it is now.",
  });
}
