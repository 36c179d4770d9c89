import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Config } from './config.ts';
import { redactor } from './redact.ts';

/** Severities as Cloud Logging names them. */
const SEVERITY: Readonly<Record<string, string>> = {
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};
/** Cloud Logging takes 256 KiB an entry and drops what is longer. */
const TEXT_MAX_CHARACTERS = 16_384;
const CAUSES_MAX = 4;

type Facts = Readonly<Record<string, string | number | boolean>>;

/** What the process has to say about itself, beside its stories. */
export interface ProcessLog extends Log {
  /** The process cannot go on. */
  critical(event: string, error: unknown, facts?: Facts): void;
}

export interface LogOptions {
  /** Google Cloud project that the traces are in; without one, lines do not name theirs. */
  readonly project?: string;
  /** Values that never may show, whatever they look like. */
  readonly secrets?: readonly string[];
}

/**
 * Structured logs: one JSON object per line and one write per line on standard error, the sentence in `message`, facts
 * beside it. Inside a traced request a line names its trace as Cloud Logging expects it. Facts are names and counts; keys,
 * tokens, payloads and personal data are never handed to it, and what looks like a secret in a text is struck out.
 *
 * An error is in `error`, its stack with those of its causes in `stack_trace`: Error Reporting looks at that field first
 * (Google Cloud, "Format error messages in Cloud Logging"). Which function and revision wrote a line is not in it: Cloud
 * Run labels the line with both.
 */
export function createLog(level: Config['logLevel'], clock: Clock, options: LogOptions = {}): ProcessLog {
  const { project = '', secrets = [] } = options;
  const redact = redactor(secrets);
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${clock.now()}"`,
      formatters: { level: (label) => ({ severity: SEVERITY[label] ?? 'DEFAULT' }) },
      mixin: () => (project === '' ? {} : traceFields(project)),
    },
    pino.destination({ fd: 2, sync: true }),
  );
  const clean = (facts: Facts): Facts =>
    Object.fromEntries(
      Object.entries(facts).map(([name, fact]) => [
        name,
        // Cut twice: a secret that the first cut went through would no longer look like one.
        typeof fact === 'string' ? redact(fact.slice(0, 2 * TEXT_MAX_CHARACTERS)).slice(0, TEXT_MAX_CHARACTERS) : fact,
      ]),
    );
  return {
    info: (event, facts = {}) => logger.info(clean(facts), event),
    warn: (event, facts = {}) => logger.warn(clean(facts), event),
    error: (event, error, facts = {}) => logger.error(clean({ ...facts, ...describe(error) }), event),
    critical: (event, error, facts = {}) => logger.fatal(clean({ ...facts, ...describe(error) }), event),
  };
}

function traceFields(project: string): object {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return {};
  return {
    'logging.googleapis.com/trace': `projects/${project}/traces/${span.traceId}`,
    'logging.googleapis.com/spanId': span.spanId,
    'logging.googleapis.com/trace_sampled': (span.traceFlags & TraceFlags.SAMPLED) !== 0,
  };
}

function describe(error: unknown): Facts {
  if (!(error instanceof Error)) return { error: String(error) };
  const stacks: string[] = [];
  for (let one: unknown = error; one !== undefined && stacks.length <= CAUSES_MAX; one = causeOf(one)) {
    stacks.push(one instanceof Error ? (one.stack ?? named(one)) : String(one));
  }
  return { error: named(error), stack_trace: stacks.join('\nCaused by: ') };
}

const named = (error: Error): string => `${error.name}: ${error.message}`;
const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);
