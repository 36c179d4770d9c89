import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import type { BadInput, TryAgain } from '../../domain/errors.ts';
import { renderProblem } from './problem.ts';

/** For how long, and for how many more bytes, a refused sender may go on before the connection is cut. */
const LINGER_MILLISECONDS = 500;
const LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Answers before the body has been read, then closes the connection.
 *
 * The answer is written whole at once, but the connection lives on until the body has ended or the sender's time is up:
 * closing a socket on bytes nobody has read resets it, and the reset destroys the answer on its way (RFC 9112 section
 * 9.6). What still comes is dropped as it comes; none of it is kept.
 */
export function refuse(req: IncomingMessage, res: ServerResponse, fault: BadInput | TryAgain, requestId: string): void {
  const { problem, headers, payload } = renderProblem(fault, requestId);
  res.writeHead(problem.status, { ...headers, Connection: 'close' });
  res.write(payload);
  // Node holds a first write back until the next tick. If its parser stumbles over what the sender sends next, it destroys the
  // connection before, and the answer with it.
  req.socket.uncork();

  let left = LINGER_BYTES;
  const drop = (chunk: Buffer): void => {
    left -= chunk.length;
    if (left < 0) close();
  };
  const close = (): void => {
    clearTimeout(deadline);
    req.off('data', drop);
    req.pause();
    res.end();
  };
  // A socket's patience, not a time anyone records: hence not the Clock port.
  const deadline = setTimeout(close, LINGER_MILLISECONDS);
  finished(req, close);
  req.on('data', drop);
}
