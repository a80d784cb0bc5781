import { defaultListenAddress } from "../contract/server-options.ts";
import { closeServer, httpServer, listen } from "./http-listener.ts";
import type { ServiceMetrics } from "./service-metrics.ts";

/**
 * Serves `/metrics` without a token on a listener of its own, for networks that only scrapers reach.
 * @returns the address, and a function that ends it
 */
export async function serveMetrics(
  { port, listen: address = defaultListenAddress }: { port: number; listen?: string },
  metrics: ServiceMetrics,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = httpServer((request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "Content-Type": metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  }, null);
  const url = await listen(server, port, address, false);
  return { url: `${url}/metrics`, close: () => closeServer(server, 0) };
}
