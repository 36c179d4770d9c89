import { type OwnPrice, ownKey } from '../domain/catalogue/compile.ts';
import { type OwnPart, requirePriceOf } from '../domain/catalogue/own-price.ts';
import { type PlanVersion, parseMetric, parsePlan, planDigest } from '../domain/catalogue/plan.ts';
import type { MetricJson, PlanJson } from '../domain/catalogue/schema.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import { normalisedPriceJson } from '../domain/pricing/document.ts';
import type { PriceDocumentJson } from '../domain/pricing/schema.ts';
import { type PriceVersion, parsePriceVersion } from '../domain/pricing/version.ts';
import { type Instant, later } from '../domain/time.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import { custom_prices, metrics, plans, products } from './tables.ts';

export type PlanRow = RowOf<typeof plans.columns>;
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

/** Who does something, and when. */
export interface Deed {
  readonly by: string;
  readonly now: Instant;
}

const gone = (what: string): BadInput => new BadInput('not_found', `no such ${what}`);

/**
 * Products, metrics, plans and organizations' own prices.
 *
 * A plan's version is written as a draft, replaced as often as needed, and published by somebody else than its writer. From
 * then on it never changes: whoever wants something else writes the next version. Subscriptions hold the version they
 * were made from, so nothing in the catalogue can change what somebody pays.
 */
export class CatalogueStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws BadInput `already_exists` */
  async addProduct(
    tx: Transaction,
    product: { readonly product_id: string; readonly name: string },
    now: Instant,
  ): Promise<void> {
    if ((await tx.read(products, [product.product_id])) !== undefined) throw exists('product');
    tx.insert(products, { product_id: product.product_id, document: JSON.stringify(product), created_at: now });
  }

  listProducts(limit: number, after?: string): Promise<RowOf<typeof products.columns>[]> {
    return this.#database.snapshot((view) =>
      view.range(products, { limit, ...(after === undefined ? {} : { from: [`${after}\0`] }) }),
    );
  }

  /** Adds a metric. It never changes: what it counted would be another thing. @throws BadInput `already_exists` */
  async addMetric(tx: Transaction, value: unknown, now: Instant): Promise<MetricJson> {
    const metric = parseMetric(value);
    if ((await tx.read(metrics, [metric.metric_name])) !== undefined) throw exists('metric');
    tx.insert(metrics, { metric_name: metric.metric_name, document: JSON.stringify(metric), created_at: now });
    return metric;
  }

  listMetrics(limit: number, after?: string): Promise<RowOf<typeof metrics.columns>[]> {
    return this.#database.snapshot((view) =>
      view.range(metrics, { limit, ...(after === undefined ? {} : { from: [`${after}\0`] }) }),
    );
  }

  /** Writes a plan's draft: a new plan's first version, or the next one of a published plan; a draft is replaced. */
  async draft(tx: Transaction, value: unknown, { by, now }: Deed): Promise<PlanRow> {
    const named = value as {
      readonly usage?: readonly { readonly metric_name: string }[];
      readonly product_id?: string;
    };
    const plan = parsePlan(
      value,
      await metricsOf(
        tx,
        (named.usage ?? []).map(({ metric_name }) => metric_name),
      ),
    );
    if (plan.product_id !== undefined && (await tx.read(products, [plan.product_id])) === undefined) {
      throw new BadInput('invalid_catalogue', `the catalogue has no product ${plan.product_id}`, 'product_id');
    }
    const last = await latest(tx, plan.plan_id);
    const version = last === undefined ? 1 : last.state === 'draft' ? last.version : last.version + 1;
    const row: PlanRow = {
      plan_id: plan.plan_id,
      version,
      state: 'draft',
      document: JSON.stringify(plan),
      digest: planDigest(plan),
      proposed_by: by,
      proposed_at: now,
      decided_by: null,
      decided_at: null,
    };
    tx.upsert(plans, row);
    return row;
  }

  /**
   * Publishes a draft: from then on it can be subscribed to, and never changes.
   * @param read digest of the draft that was read: what has been replaced since is not published unread
   * @throws BadInput `not_found`, `invalid_transition`, `proposer_cannot_approve`
   */
  async publish(tx: Transaction, planId: string, version: number, { by, now }: Deed, read?: string): Promise<PlanRow> {
    const row = await tx.read(plans, [planId, version]);
    if (row === undefined) throw gone('version of that plan');
    if (row.state !== 'draft') throw new BadInput('invalid_transition', `the version is ${row.state}`);
    if (row.proposed_by === by) {
      throw new BadInput('proposer_cannot_approve', 'somebody else than its writer publishes a plan');
    }
    requireRead(read, row.digest);
    const changes = { state: 'published', decided_by: by, decided_at: now };
    tx.update(plans, [planId, version], changes);
    return { ...row, ...changes };
  }

  /** Retires a published version: nobody subscribes to it any more; those who have it keep it. */
  async retire(tx: Transaction, planId: string, version: number, { by, now }: Deed): Promise<PlanRow> {
    const row = await tx.read(plans, [planId, version]);
    if (row === undefined) throw gone('version of that plan');
    if (row.state !== 'published') throw new BadInput('invalid_transition', `the version is ${row.state}`);
    const changes = { state: 'retired', decided_by: by, decided_at: now };
    tx.update(plans, [planId, version], changes);
    return { ...row, ...changes };
  }

  /** Versions of all plans, by plan and version. */
  listPlans(limit: number, after?: { readonly planId: string; readonly version: number }): Promise<PlanRow[]> {
    const from = after === undefined ? {} : { from: [after.planId, after.version + 1] };
    return this.#database.snapshot((view) => view.range(plans, { limit, ...from }));
  }

  versionsOf(planId: string): Promise<PlanRow[]> {
    return this.#database.snapshot((view) => view.range(plans, { prefix: [planId] }));
  }

  /**
   * Proposes an organization's own price for a part of a plan, in place of what was proposed for it before; it holds once
   * somebody else has approved it.
   * @throws BadInput `not_found`, `currency_mismatch`, `invalid_price`
   */
  async proposePrice(tx: Transaction, price: ProposedPrice, { by, now }: Deed): Promise<CustomPriceRow> {
    const { tenant, planId, target, document, effectiveFrom } = price;
    const version = parsePriceVersion(document);
    const offered = (await tx.range(plans, { prefix: [planId] })).findLast(({ state }) => state === 'published');
    if (offered === undefined) throw gone('published plan');
    requirePriceOf(JSON.parse(offered.document) as PlanJson, target, version, await metricsOf(tx, [target]));
    await requireOwnName(tx, tenant, version);
    const rows = await tx.range(custom_prices, { prefix: [tenant, planId, target] });
    for (const { state, effective_from } of rows) {
      if (state === 'proposed') tx.delete(custom_prices, [tenant, planId, target, effective_from]);
      else if (effective_from === effectiveFrom) throw exists('price from that instant on');
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
  async approvePrice(
    tx: Transaction,
    [tenant, planId, target]: readonly [TenantId, string, string],
    { by, now }: Deed,
    read?: string,
  ): Promise<{ readonly own: OwnPart; readonly from: Instant | undefined }> {
    const rows = await tx.range(custom_prices, { prefix: [tenant, planId, target] });
    const row = rows.find(({ state }) => state === 'proposed');
    if (row === undefined) throw gone('proposed price');
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
  pricesOf(tenant: TenantId, limit: number, after?: readonly [string, string, string]): Promise<CustomPriceRow[]> {
    const from = after === undefined ? {} : { from: [tenant, after[0], after[1], `${after[2]}\0`] };
    return this.#database.snapshot((view) => view.range(custom_prices, { prefix: [tenant], limit, ...from }));
  }
}

/** Who decides says what was read: a proposal may have been replaced between reading and deciding. */
function requireRead(read: string | undefined, digest: string): void {
  if (read === undefined || read === digest) return;
  throw new BadInput('invalid_transition', `it was replaced since: its digest is ${digest}`, 'digest');
}

/** Digest of an own price, as receipts carry it. */
export const digestOf = (row: CustomPriceRow): string => parsePriceVersion(JSON.parse(row.document)).digest;

const exists = (what: string): BadInput => new BadInput('already_exists', `there is such a ${what} already`);

async function latest(reader: Reader, planId: string): Promise<PlanRow | undefined> {
  const [row] = await reader.range(plans, { prefix: [planId], limit: 1, reverse: true });
  return row;
}

/** Metrics by name, as far as the catalogue has them. */
export async function metricsOf(reader: Reader, names: readonly string[]): Promise<Map<string, MetricJson>> {
  const keys = [...new Set(names)].filter((name) => typeof name === 'string').map((name) => [name]);
  const rows = await reader.readMany(metrics, keys);
  return new Map(
    rows.flatMap((row) => (row === undefined ? [] : [[row.metric_name, JSON.parse(row.document) as MetricJson]])),
  );
}

/**
 * A version that can be subscribed to at an instant: the one that is named, or the latest published that is effective by then.
 * @throws BadInput `not_found`
 */
export async function publishedPlan(
  reader: Reader,
  planId: string,
  version: number | undefined,
  at: Instant,
  param: string,
): Promise<PlanVersion> {
  const rows =
    version === undefined
      ? await reader.range(plans, { prefix: [planId] })
      : [await reader.read(plans, [planId, version])];
  const offered = rows.flatMap((row) => (row?.state === 'published' ? [versionOf(row)] : []));
  const found = offered.findLast(({ plan }) => (plan.effective_from ?? at) <= at);
  if (found !== undefined) return found;
  const next = offered[0]?.plan.effective_from;
  const detail = next === undefined ? 'no such published plan' : `the plan is offered from ${next} on`;
  throw new BadInput('not_found', detail, param);
}

/** A version that somebody has: published or retired. */
export async function keptPlan(reader: Reader, planId: string, version: number): Promise<PlanVersion> {
  const row = await reader.read(plans, [planId, version]);
  if (row === undefined) throw new Error(`version ${version} of plan ${planId} is gone`);
  return versionOf(row);
}

const versionOf = (row: PlanRow): PlanVersion => ({
  planId: row.plan_id,
  version: row.version,
  plan: JSON.parse(row.document) as PlanJson,
});

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
