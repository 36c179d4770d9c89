import { BadInput } from './errors.ts';

declare const brand: unique symbol;
/** A primitive that remembers what it means. Exists only in the type system. */
export type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** An organization, in the API `organization_id`, in the ledger `tenant`: opaque, never a name. */
export type TenantId = Brand<string, 'TenantId'>;
export type SubscriptionId = Brand<string, 'SubscriptionId'>;
/** What is measured; the owner's `metric_name`. */
export type MetricName = Brand<string, 'MetricName'>;
/** Position of an entry in its tenant's log, from 0. A safe integer: 2^53 entries outlive any tenant. */
export type Sequence = number;
/** The ledger's origin, e.g. `ledger.example.com/eu1/2026`: stops a receipt of one ledger from being shown as another's. */
export type LedgerOrigin = Brand<string, 'LedgerOrigin'>;
/** Identity of a usage event and of its receipt: base64url of 32 bytes, see `usage/identity.ts`. */
export type ReceiptId = Brand<string, 'ReceiptId'>;

const TENANT = /^[a-z0-9][a-z0-9-]{2,39}$/;
const NAME = /^[a-z0-9][a-z0-9_.-]{0,63}$/;
const ORIGIN = /^[a-z0-9][a-z0-9.-]{0,62}(?:\/[a-z0-9][a-z0-9.-]{0,30}){0,4}$/;
const RECEIPT_ID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Reads an organization id.
 * @param value 3 to 40 characters from `a-z`, `0-9`, `-`, not starting with `-`: it becomes part of object names
 * @throws BadInput `invalid_id`
 */
export function parseTenantId(value: unknown, param = 'organization_id'): TenantId {
  if (typeof value === 'string' && TENANT.test(value)) return value as TenantId;
  throw new BadInput('invalid_id', 'an organization id is 3 to 40 characters from a-z, 0-9 and "-"', param);
}

/** Reads a subscription id: 1 to 64 characters from `a-z`, `0-9`, `_`, `.`, `-`. @throws BadInput `invalid_id` */
export function parseSubscriptionId(value: unknown, param = 'subscription_id'): SubscriptionId {
  if (typeof value === 'string' && NAME.test(value)) return value as SubscriptionId;
  throw new BadInput('invalid_id', 'a subscription id is 1 to 64 characters from a-z, 0-9, "_", "." and "-"', param);
}

/** Reads a metric name: 1 to 64 characters from `a-z`, `0-9`, `_`, `.`, `-`. @throws BadInput `invalid_id` */
export function parseMetricName(value: unknown, param = 'metric_name'): MetricName {
  if (typeof value === 'string' && NAME.test(value)) return value as MetricName;
  throw new BadInput('invalid_id', 'a metric name is 1 to 64 characters from a-z, 0-9, "_", "." and "-"', param);
}

/** Reads a ledger origin: a host name with up to four path segments, lower case. @throws BadInput `invalid_id` */
export function parseLedgerOrigin(value: unknown, param = 'ledger'): LedgerOrigin {
  if (typeof value === 'string' && ORIGIN.test(value)) return value as LedgerOrigin;
  throw new BadInput('invalid_id', 'a ledger origin looks like ledger.example.com/eu1/2026', param);
}

/** Reads a receipt id: canonical base64url of 32 bytes, 43 characters. @throws BadInput `not_found` for any other form */
export function parseReceiptId(value: unknown): ReceiptId {
  if (typeof value === 'string' && RECEIPT_ID.test(value)) return value as ReceiptId;
  throw new BadInput('not_found', 'no such receipt');
}
