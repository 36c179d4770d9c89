import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type IncomingMessage, Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type BadInput, type ErrorCode, TryAgain } from '../../domain/errors.ts';
import type { Admission, Crowded } from './admission.ts';
import type { Arriving } from './arriving.ts';
import { bodyTooLarge, headFault } from './head.ts';
import { Pace } from './pace.ts';
import { Refusal, renderProblem } from './problem.ts';
import { refuse } from './refuse.ts';

/** 1 MiB: what a usage batch may weigh. */
export const BODY_MAX_BYTES = 1024 * 1024;
const HEADERS_MAX = 100;

export interface GuardOptions {
  /** The id that the answer, its problem document and the audit entry of a refusal share. */
  readonly newRequestId: () => string;
  readonly bodyMaxBytes?: number;
  /** How long a sender may take; `TIMES` unless said. */
  readonly times?: Times;
  /** Bounds what is in hand; without it everything is taken in. */
  readonly admission?: Admission;
  /** Bounds what is kept of bodies on their way; without it as much is kept as comes. */
  readonly arriving?: Arriving;
  /** Whether a request of ours comes in whatever is in hand: it makes room. By its target. */
  readonly isOwn?: (target: string) => boolean;
  /** Told of every refusal. The target is left out: people paste secrets into addresses. */
  readonly onRefusal?: (refusal: { requestId: string; code: ErrorCode; method: string }) => void;
}

/** Milliseconds that a server waits for its callers. */
export interface Times {
  /** for the head of a request, from its first byte, or from the connection's beginning if none comes */
  readonly head: number;
  /** for all of it */
  readonly request: number;
  /** between looks at which connections have taken longer: an answer comes at most so much later */
  readonly between: number;
}

// Node looks every 30 s: a timeout of 10 s could then take 40.
export const TIMES: Times = { head: 10_000, request: 30_000, between: 2_000 };

const guarded = new WeakSet<Server>();
const admitted = new WeakMap<IncomingMessage, Buffer>();
const refused = new WeakSet<IncomingMessage>();
const closing = new WeakSet<Socket>();
/** One for all servers of a process: they share its event loop. */
const pace = new Pace();

/** Whether the guard answered this request, or dropped it because it came behind one that it answered. */
export const wasRefused = (req: IncomingMessage): boolean => refused.has(req);

/** The body as it was sent, byte for byte; empty where there was none; undefined where no guard let the request in. */
export const bodyOf = (req: IncomingMessage): Buffer | undefined => admitted.get(req);

/**
 * Stands in front of whatever answers a server's requests, and lets a request through only once its head has been
 * judged and its whole body is here, at most `bodyMaxBytes` of it.
 *
 * The Functions Framework inflates, decodes and parses up to a gigabyte before a handler runs (173 bytes of Brotli
 * become 100 MB), and answers in HTML. A body that has already been read to its end it leaves alone, so its parsers
 * never run; a refused request it never sees.
 *
 * Call it once the server has its `request` listeners: it takes their place and calls them.
 */
export function guardServer(server: Server, options: GuardOptions): void {
  if (guarded.has(server)) return;
  guarded.add(server);
  limitTimes(server, options.times);
  const onward = server.listeners('request');
  server.removeAllListeners('request');
  const admit = (req: IncomingMessage, res: ServerResponse): void => {
    for (const listener of onward) Reflect.apply(listener, server, [req, res]);
  };
  server.on('request', (req, res) => judge(req, res, options, admit));
  // Without this listener Node asks for the body first and lets us refuse it afterwards.
  server.on('checkContinue', (req, res) => {
    judge(req, res, options, admit, () => res.writeContinue());
  });
}

/**
 * Guards every HTTP server of this process. The framework makes its server after our code has loaded and never shows
 * it to us, but Node announces it: when it starts to listen, and with every request before anyone else has seen that.
 * @returns a function that stops guarding servers not guarded yet
 */
export function guardProcess(options: GuardOptions): () => void {
  const onListen = (message: unknown): void => forServerIn(message, (server) => limitTimes(server, options.times));
  // Not before the first request: only then are all of its listeners surely there.
  const onRequest = (message: unknown): void => forServerIn(message, (server) => guardServer(server, options));
  subscribe(LISTEN, onListen);
  subscribe(REQUEST, onRequest);
  return () => {
    unsubscribe(LISTEN, onListen);
    unsubscribe(REQUEST, onRequest);
  };
}

// Made once: an error takes its stack with it.
const CROWDED: Readonly<Record<Crowded, BadInput | TryAgain>> = {
  busy: new TryAgain('too much is in hand'),
  greedy: new Refusal('rate_limited', 'too many requests at once; come again in 1 s', {
    headers: { 'Retry-After': '1' },
  }),
};

/** Said so often, when it is said, that it is not logged one by one. The connection stays: making a new one costs more than this answer. */
function answerCrowded(res: ServerResponse, outcome: Crowded, requestId: string): void {
  const { problem, headers, payload } = renderProblem(CROWDED[outcome], requestId);
  res.writeHead(problem.status, headers);
  // As a text it goes out in one piece with its head.
  res.end(payload.toString());
}

/** What a request says of its body's length; 0 where it does not say. */
const declaredBytes = ({ headers }: IncomingMessage): number => Number(headers['content-length'] ?? 0);

const LISTEN = 'tracing:net.server.listen:asyncStart';
const REQUEST = 'http.server.request.start';

function forServerIn(message: unknown, act: (server: Server) => void): void {
  if (typeof message !== 'object' || message === null || !('server' in message)) return;
  if (message.server instanceof Server) act(message.server);
}

function limitTimes(server: Server, { head, request, between }: Times = TIMES): void {
  server.headersTimeout = head;
  server.requestTimeout = request;
  // Longer than the 600 s for which Google's front ends keep an idle connection: who closes second never cuts a request.
  server.keepAliveTimeout = 620_000;
  // Node 22 drops the headers beyond its maximum without a word. We refuse that many, so that none goes unseen.
  server.maxHeadersCount = HEADERS_MAX + 1;
  // Only an option of createServer, which the framework does not give.
  Object.assign(server, { connectionsCheckingInterval: between });
}

function judge(
  req: IncomingMessage,
  res: ServerResponse,
  { bodyMaxBytes = BODY_MAX_BYTES, newRequestId, onRefusal, admission, arriving, isOwn }: GuardOptions,
  admit: (req: IncomingMessage, res: ServerResponse) => void,
  askForBody: () => void = () => undefined,
): void {
  // Nothing behind a refusal on the same connection is believed: where that request ended is the sender's word.
  if (closing.has(req.socket)) {
    refused.add(req);
    return;
  }
  const turnAway = (fault: BadInput): void => {
    refused.add(req);
    closing.add(req.socket);
    const requestId = newRequestId();
    refuse(req, res, fault, requestId);
    onRefusal?.({ requestId, code: fault.code, method: req.method ?? '' });
  };

  const fault = headFault(req, { bodyMaxBytes, headersMax: HEADERS_MAX });
  if (fault !== undefined) {
    turnAway(fault);
    return;
  }
  const door = isOwn?.(req.url ?? '') === true ? undefined : admission;
  const caller = req.headers.authorization ?? req.socket.remoteAddress ?? '';
  const tellCrowded = (crowded: Crowded): void => {
    refused.add(req);
    answerCrowded(res, crowded, newRequestId());
  };
  // Before any of the body is read: Node drops what still comes of it. Who asked first whether to send it is asked for it, as
  // nobody could tell otherwise where the next request on this connection begins.
  const crowded = req.headers.expect === undefined ? door?.wouldSay(caller, declaredBytes(req)) : undefined;
  if (crowded !== undefined) {
    tellCrowded(crowded);
    return;
  }
  askForBody();
  const chunks: Buffer[] = [];
  let length = 0;
  const stop = (): void => {
    req.off('data', take);
    req.off('end', pass);
    chunks.length = 0;
  };
  const sender = arriving?.begin(() => {
    stop();
    refused.add(req);
    closing.add(req.socket);
    refuse(req, res, CROWDED.busy, newRequestId());
  });
  if (sender !== undefined) res.once('close', sender.end);
  const take = (chunk: Buffer): void => {
    length += chunk.length;
    if (length <= bodyMaxBytes) {
      chunks.push(chunk);
      sender?.came(chunk.length);
      return;
    }
    stop();
    sender?.end();
    turnAway(bodyTooLarge(bodyMaxBytes));
  };
  const begin = (): void => {
    admitted.set(req, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length));
    admit(req, res);
  };
  const beginInTurn = (): void =>
    pace.add(length, () => {
      // Whoever hung up while it waited is not worked for.
      if (!res.closed) begin();
    });
  const pass = (): void => {
    sender?.end();
    if (door === undefined) {
      begin();
      return;
    }
    const leave = door.enter(caller, length, beginInTurn);
    if (typeof leave === 'function') res.once('close', leave);
    else tellCrowded(leave);
  };
  req.on('data', take);
  req.on('end', pass);
}
