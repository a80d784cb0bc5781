import { noticeEvents } from "../../src/contract/api/notice.ts";
import { UserError } from "../../src/contract/user-error.ts";
import type { CommandOption, Invocation } from "../command.ts";
import { parseDuration } from "../output/quantities.ts";

/** The options that say what a notice rule is. */
export const noticeRuleOptions: readonly CommandOption[] = [
  { flags: "--event <events>", help: "what it tells of, separated by commas", choices: noticeEvents, separated: true },
  { flags: "--runbook <name>", help: "only jobs of this runbook; or none, for any" },
  { flags: "--group <group>", help: "only jobs and workers of this group; or none" },
  { flags: "--tag <tag>", help: "only jobs whose runbook has this tag; or none" },
  {
    flags: "--start-late-after <duration>",
    help: "how long a job may wait for its start; for job-start-late; or none",
  },
  { flags: "--running-long-after <duration>", help: "how long a job may run; for job-running-long; or none" },
  {
    flags: "--throttle <duration>",
    help: "time in which one event of one runbook or worker is told once; none tells each",
  },
  { flags: "--web-hook <url>", help: "the address that notices are posted to" },
  { flags: "--web-hook-secret <name>", help: "file of --notice-secrets that holds the address" },
  { flags: "--signing-secret <name>", help: "file of --notice-secrets that signs the requests" },
  { flags: "--allow-http", help: "take plain HTTP for an address that is not on the service's machine" },
  { flags: "--mail <addresses>", help: "recipients of mails, separated by commas; in place of a web hook" },
];

/** What the options say of a rule, as the API takes it. @throws UserError `usage`, `invalid-duration` */
export function readNoticeRule(invocation: Invocation): Record<string, unknown> {
  const rule: Record<string, unknown> = {};
  const events = invocation.list("event");
  if (events.length > 0) rule["events"] = events;
  for (const name of ["runbook", "group", "tag"]) {
    const text = invocation.text(name);
    if (text !== undefined) rule[name] = isNone(text) ? null : text;
  }
  const duration = (option: string, member: string, none: number | null) => {
    const text = invocation.text(option);
    if (text !== undefined) rule[member] = isNone(text) ? none : parseDuration(text);
  };
  duration("start-late-after", "startLateAfter", null);
  duration("running-long-after", "runningLongAfter", null);
  duration("throttle", "throttle", 0);
  const target = readTarget(invocation);
  if (target !== null) rule["target"] = target;
  return rule;
}

function readTarget(invocation: Invocation): Record<string, unknown> | null {
  const url = invocation.text("web-hook");
  const secretUrl = invocation.text("web-hook-secret");
  const mail = invocation.text("mail");
  const signingSecret = invocation.text("signing-secret");
  const allowHttp = invocation.flag("allow-http");
  if ([url, secretUrl, mail].filter((target) => target !== undefined).length > 1) {
    throw new UserError("usage", "A rule has one target: --web-hook, --web-hook-secret or --mail.", {
      remedy: "Make a rule for each target.",
    });
  }
  if (url !== undefined || secretUrl !== undefined) {
    return {
      kind: "web-hook",
      ...(url === undefined ? { secretUrl } : { url }),
      ...(signingSecret === undefined ? {} : { signingSecret }),
      ...(allowHttp ? { allowHttp } : {}),
    };
  }
  if (signingSecret !== undefined || allowHttp) {
    throw new UserError("usage", "--signing-secret and --allow-http say how a web hook is called.", {
      remedy: "Give its address with them: --web-hook or --web-hook-secret.",
    });
  }
  return mail === undefined ? null : { kind: "mail", recipients: mail.split(",").map((address) => address.trim()) };
}

function isNone(text: string): boolean {
  return text.trim().toLowerCase() === "none";
}
