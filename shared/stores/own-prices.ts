import { type OwnPrice, ownKey } from '../domain/catalogue/compile.ts';
import { type OwnPart, requirePriceOf } from '../domain/catalogue/own-price.ts';
import type { PlanJson } from '../domain/catalogue/schema.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import { normalisedPriceJson } from '../domain/pricing/document.ts';
import type { PriceDocumentJson } from '../domain/pricing/schema.ts';
import { type PriceVersion, parsePriceVersion } from '../domain/pricing/version.ts';
import { type Instant, later } from '../domain/time.ts';
import type { Reader, RowOf, Transaction } from '../ports/database.ts';
import { type Deed, latest, metricsOf, requireRead } from './catalogue-store.ts';
import { custom_prices, plans } from './tables.ts';

/**
 * Organizations' own prices: dated documents that take the place of a plan's. One is proposed for a part of a plan, and holds
 * once somebody else has approved it; what is approved never changes, a later one takes over from its instant on.
 */

export type CustomPriceRow = RowOf<typeof custom_prices.columns>;

export interface ProposedPrice {
  readonly tenant: TenantId;
  readonly planId: string;
  /** the part of the plan: a metric, or `fee.` and an item */
  readonly target: string;
  readonly document: unknown;
  /** undefined for the next period of each subscription */
  readonly effectiveFrom: Instant | undefined;
}

const absent = (what: string): BadInput => new BadInput('not_found', `no such ${what}`);

/**
 * Proposes an organization's own price for a part of a plan, in place of what was proposed for it before; it holds once
 * somebody else has approved it.
 * @throws BadInput `not_found`, `currency_mismatch`, `invalid_price`
 */
export async function proposePrice(tx: Transaction, price: ProposedPrice, { by, now }: Deed): Promise<CustomPriceRow> {
  const { tenant, planId, target, document, effectiveFrom } = price;
  const version = parsePriceVersion(document);
  const offered = (await tx.range(plans, { prefix: [planId] })).findLast(({ state }) => state === 'published');
  if (offered === undefined) throw absent('published plan');
  requirePriceOf(JSON.parse(offered.document) as PlanJson, target, version, await metricsOf(tx, [target]));
  await requireOwnName(tx, tenant, version);
  const rows = await tx.range(custom_prices, { prefix: [tenant, planId, target] });
  for (const { state, effective_from } of rows) {
    if (state === 'proposed') tx.delete(custom_prices, [tenant, planId, target, effective_from]);
    else if (effective_from === effectiveFrom)
      throw new BadInput('already_exists', 'there is a price from that instant on already', 'effective_from');
  }
  const row: CustomPriceRow = {
    tenant,
    plan_id: planId,
    target,
    effective_from: effectiveFrom ?? '',
    document: JSON.stringify(normalisedPriceJson(version.document)),
    state: 'proposed',
    proposed_by: by,
    decided_by: null,
    updated_at: now,
  };
  tx.upsert(custom_prices, row);
  return row;
}

/**
 * Approves what is proposed: new choices have it from then on, never from before the approval.
 * @param read digest of the price document that was read
 * @returns the part with all its approved prices, and from when on running subscriptions have them: undefined for the next period of each
 * @throws BadInput `not_found`, `invalid_transition`, `proposer_cannot_approve`
 */
export async function approvePrice(
  tx: Transaction,
  [tenant, planId, target]: readonly [TenantId, string, string],
  { by, now }: Deed,
  read?: string,
): Promise<{ readonly own: OwnPart; readonly from: Instant | undefined }> {
  const rows = await tx.range(custom_prices, { prefix: [tenant, planId, target] });
  const row = rows.find(({ state }) => state === 'proposed');
  if (row === undefined) throw absent('proposed price');
  if (row.proposed_by === by) {
    throw new BadInput('proposer_cannot_approve', 'somebody else than the proposer approves a price');
  }
  requireRead(read, digestOf(row));
  const from = row.effective_from === '' ? undefined : later(row.effective_from as Instant, now);
  const approved = { ...row, effective_from: from ?? now, state: 'approved', decided_by: by, updated_at: now };
  tx.delete(custom_prices, [tenant, planId, target, row.effective_from]);
  tx.upsert(custom_prices, approved);
  const others = rows.filter(({ state, effective_from }) => state === 'approved' && effective_from !== (from ?? now));
  const prices = [...others, approved].map(ownPrice).sort((a, b) => (a.from < b.from ? -1 : 1));
  return { own: { planId, part: target, prices }, from };
}

/** An organization's own prices, proposed and approved, by plan and part. */
export function pricesOf(
  reader: Reader,
  tenant: TenantId,
  limit: number,
  after?: readonly [string, string, string],
): Promise<CustomPriceRow[]> {
  const from = after === undefined ? {} : { from: [tenant, after[0], after[1], `${after[2]}\0`] };
  return reader.range(custom_prices, { prefix: [tenant], limit, ...from });
}

/** Digest of an own price, as receipts carry it. */
export const digestOf = (row: CustomPriceRow): string => parsePriceVersion(JSON.parse(row.document)).digest;

/** An organization's approved prices for some plans, by plan and part, oldest first. */
export async function ownPrices(
  reader: Reader,
  tenant: TenantId,
  planIds: readonly string[],
): Promise<Map<string, readonly OwnPrice[]>> {
  const found = new Map<string, OwnPrice[]>();
  for (const planId of planIds) {
    for (const row of await reader.range(custom_prices, { prefix: [tenant, planId] })) {
      if (row.state !== 'approved') continue;
      const key = ownKey(planId, row.target);
      found.set(key, [...(found.get(key) ?? []), ownPrice(row)]);
    }
  }
  return found;
}

const ownPrice = (row: CustomPriceRow): OwnPrice => ({
  from: row.effective_from as Instant,
  document: JSON.parse(row.document) as PriceDocumentJson,
});

/**
 * In one ledger a name stands for one price: an organization's own price is not called like a plan's, nor like another of
 * its own.
 */
async function requireOwnName(
  reader: Reader,
  tenant: TenantId,
  { document, ref, digest }: PriceVersion,
): Promise<void> {
  const [first = ''] = document.priceId.split('.', 1);
  if ((await latest(reader, first)) !== undefined) {
    throw new BadInput('invalid_price', `names that begin with ${first} are those of the plan ${first}`, 'price_id');
  }
  for (const row of await reader.range(custom_prices, { prefix: [tenant] })) {
    const other = parsePriceVersion(JSON.parse(row.document));
    if (row.state !== 'approved' || other.ref !== ref || other.digest === digest) continue;
    throw new BadInput('invalid_price', `${ref} is another price already: an edit is its next version`, 'version');
  }
}
