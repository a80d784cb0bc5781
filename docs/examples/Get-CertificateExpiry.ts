import { isIP } from "node:net";
import { connect } from "node:tls";
import { progress } from "runsmith";

interface Expiry {
  endpoint: string;
  subject: string;
  issuer: string;
  expires: string;
  daysLeft: number;
}

/**
 * Lists the certificates of TLS endpoints with the days they have left.
 *
 * Warns about the ones that end soon, and fails when one has ended or an endpoint does not answer.
 * A certificate is read whoever signed it, so private authorities and self-signed ones work too.
 *
 * @needs network
 */
export default async function ({
  endpoints,
  warningDays = 30,
  timeoutSeconds = 10,
}: {
  /** Endpoints as `host` or `host:port`; the port is 443 where none is given. */
  endpoints: string[];
  /**
   * Days before the end from which on a warning is written.
   * @minimum 0
   */
  warningDays?: number;
  /**
   * Seconds that an endpoint has to answer.
   * @minimum 1
   */
  timeoutSeconds?: number;
}) {
  const expiries: Expiry[] = [];
  const failures: string[] = [];
  for (const [index, endpoint] of endpoints.entries()) {
    progress({ activity: "Reading certificates", status: endpoint, percent: (100 * index) / endpoints.length });
    try {
      const expiry = await readCertificate(endpoint, timeoutSeconds * 1000);
      expiries.push(expiry);
      console.log(expiry);
      if (expiry.daysLeft < 0) failures.push(`${endpoint}: ended on ${expiry.expires}`);
      else if (expiry.daysLeft < warningDays) console.warn(`${endpoint}: ${expiry.daysLeft} days left`);
    } catch (error) {
      failures.push(`${endpoint}: ${(error as Error).message}`);
    }
  }
  if (failures.length > 0) throw new Error(failures.join("; "));
  return expiries.toSorted((a, b) => a.daysLeft - b.daysLeft);
}

function readCertificate(endpoint: string, timeout: number): Promise<Expiry> {
  const { hostname, port } = new URL(`tls://${endpoint}`);
  return new Promise((resolve, reject) => {
    // An address cannot be asked for by name (RFC 6066, section 3).
    const servername = isIP(hostname) === 0 ? hostname : "";
    const socket = connect({ host: hostname, port: Number(port || 443), servername, rejectUnauthorized: false });
    socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer within ${timeout / 1000} s`)));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerCertificate();
      const expires = new Date(certificate.valid_to);
      socket.end();
      resolve({
        endpoint,
        subject: String(certificate.subject?.CN ?? ""),
        issuer: String(certificate.issuer?.CN ?? ""),
        expires: expires.toISOString(),
        daysLeft: Math.floor((expires.getTime() - Date.now()) / 86_400_000),
      });
    });
  });
}
