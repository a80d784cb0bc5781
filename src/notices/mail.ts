import { readFile } from "node:fs/promises";
import type { Delivery, DeliveryResult } from "./delivery.ts";
import type { MailSettings } from "./mail-settings.ts";
import { noticeDetails, noticeSubject } from "./notice-text.ts";

/** Milliseconds for each step of the way to the mail server. */
const stepTimeout = 10_000;

/**
 * Sends a notice by mail: one mail to all recipients, with the same `Message-ID` at every attempt. It is delivered when the mail server
 * has taken it for every recipient; when it refuses some, the others have it and the attempt has failed. Never rejects.
 */
export async function mailNotice(
  recipients: readonly string[],
  settings: MailSettings | null,
  delivery: Delivery,
): Promise<DeliveryResult> {
  if (settings === null) {
    return { outcome: "failed", statusCode: null, detail: "This service has no mail settings (--mail-settings)." };
  }
  try {
    return await send(recipients, settings, delivery);
  } catch (error) {
    const { responseCode, message } = error as Error & { responseCode?: number };
    return { outcome: "failed", statusCode: responseCode ?? null, detail: oneLine(message) };
  }
}

async function send(
  recipients: readonly string[],
  settings: MailSettings,
  { notice, signal, installationId }: Delivery,
): Promise<DeliveryResult> {
  const { user, passwordFile, caFile, security } = settings;
  // Most installations send none; its megabytes are for those that do.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host: settings.host,
    port: settings.port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    connectionTimeout: stepTimeout,
    greetingTimeout: stepTimeout,
    socketTimeout: stepTimeout,
    dnsTimeout: stepTimeout,
    ...(user !== null &&
      passwordFile !== null && { auth: { user, pass: (await readFile(passwordFile, "utf8")).trim() } }),
    ...(caFile !== null && { tls: { ca: await readFile(caFile) } }),
  });
  try {
    const sent = await transport.sendMail({
      from: settings.from,
      to: [...recipients],
      subject: noticeSubject(notice),
      text: noticeDetails(notice),
      messageId: `<${notice.noticeId}@${installationId}.runsmith>`,
      // So that no out-of-office answers come back (RFC 3834).
      headers: { "Auto-Submitted": "auto-generated", "X-Runsmith-Event": notice.event },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal,
    });
    const refused = sent.rejected.length;
    return refused === 0
      ? { outcome: "delivered", statusCode: codeOf(sent.response), detail: oneLine(sent.response) }
      : {
          outcome: "failed",
          statusCode: codeOf(sent.response),
          detail: `The mail server refused ${refused} of ${recipients.length} recipients; the others have the mail.`,
        };
  } finally {
    transport.close();
  }
}

function codeOf(response: string): number | null {
  const code = Number.parseInt(response, 10);
  return Number.isNaN(code) ? null : code;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 500);
}
