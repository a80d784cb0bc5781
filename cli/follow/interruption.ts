/** Aborts on the first Ctrl-C (or SIGTERM); a second one ends the process at once with 130. */
export function onInterruption(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  let abortedAt = 0;
  const handler = () => {
    // A terminal's Ctrl-C may reach this process twice: by itself and through `npx`.
    if (controller.signal.aborted && Date.now() - abortedAt > 300) process.exit(130);
    if (!controller.signal.aborted) abortedAt = Date.now();
    controller.abort();
  };
  process.on("SIGINT", handler);
  process.on("SIGTERM", handler);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", handler);
      process.off("SIGTERM", handler);
    },
  };
}
