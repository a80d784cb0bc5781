import { createLogger, format, transports } from "winston";
import type { LogFormat, Logger, LogLevel } from "../contract/logger.ts";
import { logLevels } from "../contract/logger.ts";
import { maskTokens } from "./token-mask.ts";

/** What the web service logs with; features get it as their `Logger`. */
export interface Log extends Logger {
  /** A log that adds these fields to each of its entries. */
  child(fields: Record<string, unknown>): Log;
  /** Whether entries of this level are written; asked before building fields on a hot path. */
  isEnabled(level: LogLevel): boolean;
}

/**
 * A log on standard error, so that standard output stays for what a program prints to its user.
 * Whatever looks like a token is masked in messages and in fields, however deep.
 */
export function createLog(options: { format: LogFormat; level: LogLevel }): Log {
  const logger = createLogger({
    level: options.level,
    format: format.combine(
      format((entry) => maskTokens(entry) as typeof entry)(),
      format.timestamp(),
      options.format === "json" ? format.json() : format.printf(textLine),
    ),
    transports: [new transports.Console({ stderrLevels: [...logLevels] })],
  });
  const threshold = logLevels.indexOf(options.level);
  return logOf(logger, (level) => logLevels.indexOf(level) <= threshold);
}

/** A log that writes nothing. */
export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLog,
  isEnabled: () => false,
};

interface Writer {
  log(level: string, message: string, fields: Record<string, unknown>): unknown;
}

function logOf(writer: Writer, isEnabled: (level: LogLevel) => boolean, common: Record<string, unknown> = {}): Log {
  const write = (level: LogLevel, message: string, fields: Record<string, unknown> = {}) => {
    if (isEnabled(level)) {
      writer.log(level, message, { ...common, ...fields });
    }
  };
  return {
    error: (message, fields) => write("error", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    info: (message, fields) => write("info", message, fields),
    debug: (message, fields) => write("debug", message, fields),
    child: (fields) => logOf(writer, isEnabled, { ...common, ...fields }),
    isEnabled,
  };
}

function textLine(entry: Record<string, unknown>): string {
  const { timestamp, level, message, ...fields } = entry;
  const rest = Object.entries(fields)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${String(timestamp)} ${String(level).padEnd(5)} ${String(message)}${rest}`;
}
