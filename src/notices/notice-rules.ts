import type { NoticeRuleSettings, NoticeTarget } from "../contract/api/notice.ts";
import { looksLikeId } from "../contract/id.ts";
import { UserError } from "../contract/user-error.ts";
import type { NoticeSecrets } from "./notice-secrets.ts";
import { webHookAddress } from "./web-hook.ts";

/** What a caller says of a rule; what is left out stays as it is, or is the default of a new rule. */
export interface NoticeRuleChange extends Partial<Omit<NoticeRuleSettings, "runbookId" | "target">> {
  /** Id or name; null for any. */
  runbook?: string | null;
  target?: NoticeTargetInput;
}

/** A target with what may be left out. */
export type NoticeTargetInput =
  | {
      kind: "web-hook";
      url?: string | null;
      secretUrl?: string | null;
      allowHttp?: boolean;
      signingSecret?: string | null;
    }
  | { kind: "mail"; recipients: string[] };

/** Milliseconds. */
const defaultThrottle = 5 * 60_000;
const shortestDelay = 1_000;

/** Of a rule that says nothing else. */
export const newRule: Omit<NoticeRuleSettings, "target"> = {
  enabled: true,
  events: ["job-failed", "job-missed", "schedule-missed", "worker-lost", "certificate-expiring"],
  runbookId: null,
  group: null,
  tag: null,
  startLateAfter: null,
  runningLongAfter: null,
  throttle: defaultThrottle,
};

/** @throws UserError `invalid-notice-rule` */
export function checkRuleName(name: string): void {
  if (name.trim() !== name || name === "" || looksLikeId(name)) {
    throw invalid("/name", "The name of a notice rule has no blanks at its ends, and is no UUID.");
  }
}

/**
 * Refuses settings that do not fit together, and targets that could not be reached.
 * @param canMail whether this service has mail settings
 * @throws UserError `invalid-notice-rule`, `invalid-web-hook`, `mail-not-configured`, and what `NoticeSecrets.read` throws
 */
export async function checkRule(rule: NoticeRuleSettings, secrets: NoticeSecrets, canMail: boolean): Promise<void> {
  const hasEvent = (event: NoticeRuleSettings["events"][number]) => rule.events.includes(event);
  if (rule.events.length === 0) {
    throw invalid("/events", "A notice rule names one event at least.");
  }
  checkDelay("startLateAfter", rule.startLateAfter, "job-start-late", hasEvent("job-start-late"));
  checkDelay("runningLongAfter", rule.runningLongAfter, "job-running-long", hasEvent("job-running-long"));
  if (hasEvent("worker-lost") && (rule.runbookId !== null || rule.tag !== null)) {
    throw invalid(
      "/events",
      "A lost worker has neither runbook nor tag, so a rule for some runbooks hears of no worker.",
      {
        remedy: "Leave worker-lost out, or make a rule of its own for it.",
      },
    );
  }
  if (rule.target.kind === "mail") {
    checkRecipients(rule.target.recipients);
    if (rule.enabled && !canMail) {
      throw new UserError(
        "mail-not-configured",
        "This service cannot send mail: it was started without mail settings.",
        {
          status: 422,
          remedy: "Start it with --mail-settings FILE; docs/notices.md tells what is in it.",
        },
      );
    }
    return;
  }
  const { url, secretUrl, allowHttp, signingSecret } = rule.target;
  if ((url === null) === (secretUrl === null)) {
    throw invalid(
      "/target",
      "A web hook has either an address (url) or the name of a secret that holds it (secretUrl).",
    );
  }
  if (url !== null) {
    webHookAddress(url, allowHttp);
  }
  // A rule can be switched off also when its secrets are gone.
  if (rule.enabled && secretUrl !== null) {
    webHookAddress(await secrets.read(secretUrl), allowHttp);
  }
  if (rule.enabled && signingSecret !== null) {
    await secrets.read(signingSecret);
  }
}

/** The target with all that it may leave out. */
export function wholeTarget(target: NoticeTargetInput): NoticeTarget {
  return target.kind === "mail"
    ? { kind: "mail", recipients: target.recipients }
    : {
        kind: "web-hook",
        url: target.url ?? null,
        secretUrl: target.secretUrl ?? null,
        allowHttp: target.allowHttp ?? false,
        signingSecret: target.signingSecret ?? null,
      };
}

function checkDelay(member: string, delay: number | null, event: string, isNamed: boolean): void {
  if (isNamed !== (delay !== null)) {
    throw invalid(`/${member}`, `The event ${event} and the time ${member} go together.`);
  }
  if (delay !== null && delay < shortestDelay) {
    throw invalid(`/${member}`, `The time ${member} is one second at least.`);
  }
}

function checkRecipients(recipients: readonly string[]): void {
  const wrong = recipients.find((address) => !/^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(address));
  if (recipients.length === 0 || wrong !== undefined) {
    throw invalid(
      "/target/recipients",
      wrong === undefined ? "A mail has one recipient at least." : `"${wrong}" is no mail address.`,
    );
  }
}

function invalid(pointer: string, message: string, more: { remedy?: string } = {}): UserError {
  return new UserError("invalid-notice-rule", message, {
    status: 422,
    remedy: more.remedy ?? "Mend what is named, and send it again.",
    errors: [{ pointer, message }],
  });
}
