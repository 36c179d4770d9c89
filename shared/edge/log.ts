import { pino } from 'pino';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Config } from './config.ts';

/** Severities as Cloud Logging names them. */
const SEVERITY: Readonly<Record<string, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARNING', error: 'ERROR' };

/**
 * Structured logs: one JSON object per line on standard error, the sentence in `message`, facts beside it. Facts are names and counts;
 * keys, tokens, payloads and personal data are never handed to it.
 */
export function createLog(level: Config['logLevel'], clock: Clock): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${clock.now()}"`,
      formatters: { level: (label) => ({ severity: SEVERITY[label] ?? 'DEFAULT' }) },
    },
    pino.destination({ fd: 2, sync: true }),
  );
  return {
    info: (event, facts = {}) => logger.info(facts, event),
    warn: (event, facts = {}) => logger.warn(facts, event),
    error: (event, error, facts = {}) => logger.error({ ...facts, error: describe(error) }, event),
  };
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
