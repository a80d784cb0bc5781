import { once } from "node:events";
import type { ApiAnswer } from "./route.ts";

/**
 * Answers with a text that comes in pieces, at the pace of its reader. The first piece is awaited before the head is
 * sent, so that an error before it is answered as one; one after it breaks the connection.
 */
export async function streamText(
  pieces: AsyncGenerator<string, void, undefined>,
  signal: AbortSignal,
): Promise<ApiAnswer> {
  const first = await pieces.next();
  return {
    async write(response) {
      response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
      try {
        for (let piece = first; piece.done !== true && !signal.aborted; piece = await pieces.next()) {
          if (!response.write(piece.value)) {
            await once(response, "drain", { signal }).catch(() => undefined);
          }
        }
      } finally {
        await pieces.return();
      }
      response.end();
    },
  };
}
