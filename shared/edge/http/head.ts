import type { IncomingMessage } from 'node:http';
import { BadInput } from '../../domain/errors.ts';
import { targetFault } from './target.ts';

/** Headers of which Node silently keeps the first, or which decide who asks for what and how it ends. */
const SINGLE = new Set(['host', 'authorization', 'content-type', 'content-length', 'idempotency-key']);

/**
 * Judges what comes before a request's body.
 * @param bodyMaxBytes the most that Content-Length may announce
 * @param headersMax the most header fields
 * @returns the refusal, or undefined where the body may come
 */
export function headFault(
  {
    headers,
    rawHeaders,
    url = '',
    httpVersionMajor,
  }: Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'url' | 'httpVersionMajor'>,
  { bodyMaxBytes, headersMax }: { readonly bodyMaxBytes: number; readonly headersMax: number },
): BadInput | undefined {
  if (rawHeaders.length / 2 > headersMax) {
    return new BadInput('too_many_items', `a request has at most ${headersMax} header fields`);
  }
  // Node answers HTTP/0.9 as well, which has no Host, no status and no length.
  if (httpVersionMajor !== 1) return new BadInput('invalid_target', 'a request line ends with HTTP/1.1');
  const target = targetFault(url);
  if (target !== undefined) return target;
  const twice = repeatedHeader(rawHeaders);
  if (twice !== undefined) return new BadInput('duplicate_header', 'the header field is given more than once', twice);

  // Node unchunks whatever ends in `chunked` and passes the rest on as if it were the body itself.
  const transfer = headers['transfer-encoding'];
  if (transfer !== undefined && transfer.toLowerCase() !== 'chunked') {
    return new BadInput('unsupported_content_encoding', 'only chunked is understood', 'transfer-encoding');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    return new BadInput('unsupported_content_encoding', 'send the body uncompressed', 'content-encoding');
  }
  return Number(headers['content-length'] ?? 0) > bodyMaxBytes ? bodyTooLarge(bodyMaxBytes) : undefined;
}

export const bodyTooLarge = (bodyMaxBytes: number): BadInput =>
  new BadInput('body_too_large', `a body has at most ${bodyMaxBytes} bytes`);

function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
