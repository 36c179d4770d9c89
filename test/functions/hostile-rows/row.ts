import type { KeyObject } from 'node:crypto';
import type { ErrorCode } from '../../../shared/domain/errors.ts';
import { bytesOf, type Parts } from '../../support/wire.ts';

export const API = '/api/v1/billing';
export const USAGE = `${API}/usage`;
export const NOON = '2026-03-10T12:00:00Z';

/** Where the rows are sent: keys, names of things that are there, and who makes tokens. */
export interface Place {
  /** key of acme's tenant_admin; umbrella's; one that may only read; one of each role of the platform */
  readonly key: string;
  readonly otherKey: string;
  readonly viewerKey: string;
  readonly operatorKey: string;
  readonly adminKey: string;
  readonly complianceKey: string;
  /** `next_cursor` of acme's receipts, of umbrella's, and of acme's usage by windows */
  readonly cursor: string;
  readonly otherCursor: string;
  readonly windowsCursor: string;
  /** a receipt of acme and one of umbrella; acme's event as it was sent */
  readonly receipt: string;
  readonly otherReceipt: string;
  readonly event: object;
  /** an invoice of acme over 3 cents that nobody has paid, and one that is void */
  readonly invoice: string;
  readonly voided: string;
  /** keys of acme that are no more */
  readonly revokedKey: string;
  readonly expiredKey: string;
  readonly tokens: Tokens;
  /** the same for whoever pushes */
  readonly pushers: Tokens;
}

export interface Made {
  readonly key?: KeyObject;
  readonly header?: Readonly<Record<string, unknown>>;
}
export interface Tokens {
  /** a token that would be good, but for these changes */
  readonly sign: (changes?: Readonly<Record<string, unknown>>, made?: Made) => Promise<string>;
  /** the same by hand, where no library will make it */
  readonly raw: (header: object, changes: object, sign: (input: string) => string) => string;
  /** the public key as PEM, a stranger's private key, and a key of another kind that the issuer has, too */
  readonly publicPem: string;
  readonly stranger: KeyObject;
  readonly publicKey: KeyObject;
  /** seconds of the suite's clock */
  readonly now: number;
}

/** One hostile request and what it must get. */
export interface Row {
  readonly says: string;
  readonly sends: (place: Place) => Parts | Promise<Parts>;
  /** 0 where the connection is closed without an answer */
  readonly status: number;
  /** of its problem document; none where Node refuses before any code of ours, or where it is no refusal */
  readonly code?: ErrorCode;
  /** what becomes of the one event of a usage request: the code of its refusal, or `duplicate` */
  readonly event?: ErrorCode | 'duplicate';
  /** the change that was refused to whoever asked: it is in the audit log, under this name */
  readonly audit?: string;
  /** everything until the connection ends is looked at: there must be exactly so many answers */
  readonly answers?: number;
  /** acknowledged, and set aside under this code */
  readonly setAside?: ErrorCode;
}

/** Marks that must come back nowhere: neither as they are nor as part of a page that a browser would run. */
export const CANARY = '<script>canary</script>';

export const head = (target: string, ...lines: string[]): string =>
  [`${target} HTTP/1.1`, 'Host: billing.example', ...lines, '', ''].join('\r\n');
export const bearer = (key: string): string => `Authorization: Bearer ${key}`;
export const get =
  (target: string, ...lines: string[]) =>
  ({ key }: Place): Parts => [head(`GET ${target}`, bearer(key), ...lines)];
/** With a length of its own where the lines say none. */
export const send = (method: string, target: string, body: string | Uint8Array, ...lines: string[]): Parts => [
  head(`${method} ${target}`, `Content-Length: ${bytesOf(body).length}`, ...lines),
  body,
];
export const JSON_TYPE = 'Content-Type: application/json';
export const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
/** A usage request of one's own, of this body. */
export const usage =
  (body: string | Uint8Array, ...lines: string[]) =>
  ({ key }: Place): Parts =>
    send(
      'POST',
      USAGE,
      typeof body === 'string' ? utf8(body) : body,
      bearer(key),
      ...(lines.length > 0 ? lines : [JSON_TYPE]),
    );
/** A change, sent as JSON under a fresh idempotency key. */
let keys = 0;
export const change = (method: string, target: string, body: string, key: string, ...lines: string[]): Parts =>
  send(method, target, utf8(body), bearer(key), JSON_TYPE, `Idempotency-Key: row-${++keys}`, ...lines);

export const plain = (more: object = {}): object => ({
  ...{ idempotency_key: 'row', metric_name: 'api_calls', quantity: '1', timestamp: NOON },
  ...more,
});
export const cloud = (more: object = {}): object => ({
  ...{ specversion: '1.0', id: 'row', source: 'urn:test', type: 'api_calls', time: NOON, data: { quantity: '1' } },
  ...more,
});
