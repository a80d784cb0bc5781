import { createLogger, format, transports } from "winston";
import type { Logger } from "../../src/contract/logger.ts";

/** A worker's log on standard error, as lines of text or of JSON. */
export function workerLog(style: string, level: string): Logger {
  const writer = createLogger({
    level,
    format: format.combine(format.timestamp(), style === "json" ? format.json() : format.printf(textLine)),
    transports: [new transports.Console({ stderrLevels: ["error", "warn", "info", "debug"] })],
  });
  return {
    debug: (message, fields) => void writer.debug(message, fields),
    info: (message, fields) => void writer.info(message, fields),
    warn: (message, fields) => void writer.warn(message, fields),
    error: (message, fields) => void writer.error(message, fields),
  };
}

function textLine({ timestamp, level, message, ...fields }: Record<string, unknown>): string {
  const told = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${String(timestamp)} ${String(level)} worker: ${String(message)}${told}`;
}
