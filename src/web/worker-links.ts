import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { AccessFeature } from "../access/access-feature.ts";
import { HeldUp } from "../access/held-up.ts";
import type { Principal } from "../access/principal.ts";
import { UserError } from "../contract/user-error.ts";
import type { WorkersFeature } from "../workers/workers-feature.ts";
import { bearerToken } from "./api/authentication.ts";
import type { TransportGuard } from "./transport-guard.ts";

/** Takes upgrade requests: those of workers go to their feature, all others are refused. */
export function acceptWorkerLinks(workers: WorkersFeature, guard: TransportGuard) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    try {
      guard.check(request);
    } catch (error) {
      refuse(socket, error instanceof UserError ? error.status : 500);
      return;
    }
    try {
      if (!workers.handleUpgrade(request, socket, head)) {
        refuse(socket, 404);
      }
    } catch {
      // Before any token was seen: whatever a stranger sent may cost nobody else the service.
      refuse(socket, 400);
    }
  };
}

/**
 * Who asks for a worker link: the principal of its token if that holds the role, else null.
 * @param refused is told the address from which a token came that is good for nothing
 * @throws UserError `too-many-refusals` (429)
 */
export async function workerOf(
  request: IncomingMessage,
  access: AccessFeature,
  { guard, refused }: { guard: TransportGuard; refused: (address: string) => void },
): Promise<Principal | null> {
  const token = bearerToken(request.headers.authorization);
  if (token === undefined) {
    return null;
  }
  const address = () => guard.clientAddress(request);
  const principal = await Promise.resolve(access.authenticateLink(token, address)).catch((error: unknown) => {
    if (error instanceof HeldUp) {
      refused(address());
    }
    throw error;
  });
  if (principal === null) {
    refused(address());
  }
  return principal?.roles.includes("worker") === true ? principal : null;
}

function refuse(socket: Duplex, status: number): void {
  socket.on("error", () => undefined);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
