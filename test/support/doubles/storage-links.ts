import { createHash, type KeyObject, verify } from 'node:crypto';
import { microsOf, parseInstant } from '../../../shared/domain/time.ts';
import type { Clock } from '../../../shared/ports/clock.ts';

const LONGEST_SECONDS = 7 * 24 * 3600;
const MOMENT = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const SKEW_MICROS = 15 * 60 * 1_000_000;

/** An error as the XML API words it. */
export class LinkRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  toXml(): string {
    return `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${this.code}</Code><Message>${this.message}</Message></Error>`;
  }
}

/**
 * Verifies a V4 signed address from the request as it came in: what was signed is composed from its own path, query and
 * headers, byte for byte (https://docs.cloud.google.com/storage/docs/authentication/canonical-requests).
 * @param target path and query
 * @param host the Host header without its port: the real service has none there
 * @throws LinkRefusal
 */
export function verifyLink(
  method: string,
  target: string,
  host: string,
  { email, publicKey, clock }: { readonly email: string; readonly publicKey: KeyObject; readonly clock: Clock },
): void {
  const [path = '', query = ''] = target.split('?');
  const parameters = new URLSearchParams(query);
  const given = (name: string): string => parameters.get(name) ?? '';
  const [, year, month, day, hour, minute, second] = MOMENT.exec(given('X-Goog-Date')) ?? [];
  const scope = `${year}${month}${day}/auto/storage/goog4_request`;
  if (
    given('X-Goog-Algorithm') !== 'GOOG4-RSA-SHA256' ||
    given('X-Goog-Credential') !== `${email}/${scope}` ||
    given('X-Goog-SignedHeaders') !== 'host'
  ) {
    throw new LinkRefusal(
      400,
      'AuthenticationQueryParametersError',
      'The query parameters do not form a V4 signature.',
    );
  }
  const pairs = query.split('&').filter((pair) => !pair.startsWith('X-Goog-Signature='));
  const request = `${method}\n${path}\n${pairs.sort().join('&')}\nhost:${host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const digest = createHash('sha256').update(request).digest('hex');
  const signed = `GOOG4-RSA-SHA256\n${given('X-Goog-Date')}\n${scope}\n${digest}`;
  if (!verify('sha256', Buffer.from(signed), publicKey, Buffer.from(given('X-Goog-Signature'), 'hex'))) {
    throw new LinkRefusal(403, 'SignatureDoesNotMatch', 'Access denied.');
  }
  const seconds = Number(given('X-Goog-Expires'));
  const begins = Number(microsOf(parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`, 'X-Goog-Date')));
  const now = Number(microsOf(clock.now()));
  if (seconds > LONGEST_SECONDS || now >= begins + seconds * 1_000_000) {
    throw new LinkRefusal(400, 'ExpiredToken', 'Invalid argument.');
  }
  if (now < begins - SKEW_MICROS) throw new LinkRefusal(403, 'RequestTimeTooSkewed', 'Not yet.');
}
