import type { ProjectionKind } from '../../ports/projections.ts';
import { requireId } from '../projection-rules.ts';

/*
 * Everything of a tenant lies below `tenants/{tenant}`, which is a path only and no document, so that one rule with one claim
 * decides: `tenants/{tenant}/pages/{first_seq, 16 digits}`, `tenants/{tenant}/invoices/{number}`,
 * `tenants/{tenant}/usage_summaries/{subscription~start~end}`.
 */

const TENANT = /^(?!\.)[A-Za-z0-9._-]{1,200}$/;
// The largest safe integer has 16 digits; padded, the order of names is the order of numbers.
const PAGE_DIGITS = 16;

/** Documents per request where a collection is walked: their ids are all that memory holds. */
export const WALK_STEP = 500;

/** @throws RangeError for a tenant that would leave its place, or a position that is none */
export const pagesPath = (tenant: string): string => `${tenantPath(tenant)}/pages`;

export const kindPath = (tenant: string, kind: ProjectionKind): string => `${tenantPath(tenant)}/${kind}`;

/** @throws RangeError for an id that cannot name a document */
export function projectionPath(tenant: string, kind: ProjectionKind, id: string): string {
  requireId(id);
  return `${kindPath(tenant, kind)}/${id}`;
}

/** @throws RangeError for what is no sequence number */
export function pageId(firstSeq: number): string {
  if (!Number.isSafeInteger(firstSeq) || firstSeq < 0) throw new RangeError(`${firstSeq} is no sequence number`);
  return String(firstSeq).padStart(PAGE_DIGITS, '0');
}

function tenantPath(tenant: string): string {
  if (TENANT.test(tenant) && !/^__.*__$/.test(tenant)) return `tenants/${tenant}`;
  throw new RangeError(`${JSON.stringify(tenant)} cannot name a tenant's documents`);
}
