import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { constants } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import { TryAgain } from '../domain/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { renderProblem } from './http/problem.ts';
import { Traffic } from './http/traffic.ts';
import type { ProcessLog } from './log.ts';

/** How long after the signal requests still come in: those that were already on their way when it was sent. */
const ARRIVING_MILLISECONDS = 100;
/** What closing may take beyond the drain. Cloud Run kills ten seconds after SIGTERM, and requests have eight of them. */
const CLOSING_MILLISECONDS = 1_500;

export interface DrainOptions {
  readonly clock: Clock;
  readonly log: ProcessLog;
  /** How long requests under way may take to finish, in seconds. */
  readonly drainSeconds: number;
  readonly newRequestId: () => string;
}

export interface Drain {
  /** Aborted when the process begins to end: long work rests where the next process can go on. */
  readonly stopping: AbortSignal;
  /** Has something closed when no request is under way any more; what was registered last is closed first. */
  onClose(name: string, close: () => Promise<void>): void;
}

/**
 * Ends the process well: on SIGTERM or SIGINT every request under way gets its whole answer, then what was opened is
 * closed, then the process exits with 0; with 1 where something did not finish in time. A second signal ends it at once.
 *
 * An exception that nobody caught ends it the same way, with 1: what it left in memory cannot be trusted, but the requests
 * under way have nothing to do with it and their truth is in the database.
 *
 * The Functions Framework alone ends at the first signal: it answers the newest request with 500 and none of the others
 * (GoogleCloudPlatform/functions-framework-nodejs, src/invoker.ts). Call this before anything is opened.
 */
export function drainProcess({ clock, log, drainSeconds, newRequestId }: DrainOptions): Drain {
  const stopping = new AbortController();
  const closers: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  const traffic = Traffic.watch(ownTheProcess);
  const pass = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void clock.after(milliseconds, resolve));

  const closeAll = async (): Promise<void> => {
    for (const { name, close } of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        process.exitCode = 1;
        log.error('closing_failed', error, { what: name });
      }
    }
  };

  const end = async (exitCode: number): Promise<void> => {
    process.exitCode = Math.max(Number(process.exitCode ?? 0), exitCode);
    if (stopping.signal.aborted) return;
    stopping.abort();
    // Neither the clock's timers nor many a client's connections keep a process alive: it would be gone in the middle of this.
    new MessageChannel().port1.ref();
    clock.after(drainSeconds * 1000 + CLOSING_MILLISECONDS, () => {
      log.warn('stopped', { overdue: true });
      process.exit(1);
    });
    const patience = pass(drainSeconds * 1000);
    traffic.part();
    if (traffic.isListening) await Promise.race([pass(ARRIVING_MILLISECONDS), patience]);
    traffic.closeServers();
    await Promise.race([traffic.quiet(), patience]);
    const unanswered = traffic.cut((response) => turnAway(response, newRequestId()));
    if (unanswered > 0) {
      process.exitCode = 1;
      log.warn('drain_incomplete', { unanswered });
    }
    await closeAll();
    log.info('stopped', { unanswered });
    process.exit();
  };

  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals++;
    if (signals > 1) process.exit(128 + constants.signals[signal]);
    log.info('stopping', { signal });
    void end(0);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A rejection that nobody handles comes here too, as Node makes an exception of it.
  process.on('uncaughtException', (error, origin) => {
    log.critical('process_failed', error, { origin });
    void end(1);
  });
  return { stopping: stopping.signal, onClose: (name, close) => void closers.push({ name, close }) };
}

/** The answer to a request for which there is no time left. */
function turnAway(response: ServerResponse<IncomingMessage>, requestId: string): void {
  const { problem, headers, payload } = renderProblem(
    new TryAgain('this instance is ending; send it again'),
    requestId,
  );
  response.writeHead(problem.status, { ...headers, Connection: 'close' });
  response.end(payload);
}

/**
 * When its server listens, the framework hangs five listeners on the process: one per signal, which exits at once; two for
 * exceptions and rejections, which answer the newest request in plain text and exit with 16; one for the exit, which
 * answers it too. They are all taken off again, before any of them can have been called.
 */
function ownTheProcess(server: Server): void {
  // Node announces the server before it has the framework's callback, so this runs first and what is added meanwhile is the framework's.
  server.prependOnceListener('listening', () => {
    const added: (readonly [string | symbol, (...args: unknown[]) => void])[] = [];
    const note = (event: string | symbol, listener: (...args: unknown[]) => void): void =>
      void added.push([event, listener]);
    process.on('newListener', note);
    queueMicrotask(() => {
      process.off('newListener', note);
      for (const [event, listener] of added) process.off(event, listener);
    });
  });
}
