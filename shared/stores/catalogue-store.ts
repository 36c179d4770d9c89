import { type PlanVersion, parseMetric, parsePlan, planDigest } from '../domain/catalogue/plan.ts';
import type { MetricJson, PlanJson } from '../domain/catalogue/schema.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { PriceDocumentJson } from '../domain/pricing/schema.ts';
import { parsePriceVersion } from '../domain/pricing/version.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import { custom_prices, metrics, plans, products } from './tables.ts';

export type PlanRow = RowOf<typeof plans.columns>;

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
   * @throws BadInput `not_found`, `invalid_transition`, `proposer_cannot_approve`
   */
  async publish(tx: Transaction, planId: string, version: number, { by, now }: Deed): Promise<PlanRow> {
    const row = await tx.read(plans, [planId, version]);
    if (row === undefined) throw gone('version of that plan');
    if (row.state !== 'draft') throw new BadInput('invalid_transition', `the version is ${row.state}`);
    if (row.proposed_by === by)
      throw new BadInput('proposer_cannot_approve', 'somebody else than its writer publishes a plan');
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

  /** Proposes an organization's own price for a metric or item of a plan; it holds once somebody else has approved it. */
  async proposePrice(
    tx: Transaction,
    price: { readonly tenant: TenantId; readonly planId: string; readonly target: string; readonly document: unknown },
    { by, now }: Deed,
  ): Promise<PriceDocumentJson> {
    parsePriceVersion(price.document);
    tx.upsert(custom_prices, {
      tenant: price.tenant,
      plan_id: price.planId,
      target: price.target,
      document: JSON.stringify(price.document),
      state: 'proposed',
      proposed_by: by,
      decided_by: null,
      updated_at: now,
    });
    return price.document as PriceDocumentJson;
  }

  /** @throws BadInput `not_found`, `proposer_cannot_approve` */
  async approvePrice(tx: Transaction, key: readonly [TenantId, string, string], { by, now }: Deed): Promise<void> {
    const row = await tx.read(custom_prices, key);
    if (row === undefined) throw gone('proposed price');
    if (row.proposed_by === by)
      throw new BadInput('proposer_cannot_approve', 'somebody else than the proposer approves a price');
    tx.update(custom_prices, key, { state: 'approved', decided_by: by, updated_at: now });
  }

  pricesOf(tenant: TenantId): Promise<RowOf<typeof custom_prices.columns>[]> {
    return this.#database.snapshot((view) => view.range(custom_prices, { prefix: [tenant] }));
  }
}

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

/** A version that can be subscribed to: the one that is named, or the latest published. @throws BadInput `not_found` */
export async function publishedPlan(
  reader: Reader,
  planId: string,
  version: number | undefined,
  param: string,
): Promise<PlanVersion> {
  const rows =
    version === undefined
      ? await reader.range(plans, { prefix: [planId] })
      : [await reader.read(plans, [planId, version])];
  const row = rows.findLast((one) => one?.state === 'published');
  if (row === undefined) throw new BadInput('not_found', 'no such published plan', param);
  return { planId: row.plan_id, version: row.version, plan: JSON.parse(row.document) as PlanJson };
}

/** A version that somebody has: published or retired. */
export async function keptPlan(reader: Reader, planId: string, version: number): Promise<PlanVersion> {
  const row = await reader.read(plans, [planId, version]);
  if (row === undefined) throw new Error(`version ${version} of plan ${planId} is gone`);
  return { planId: row.plan_id, version: row.version, plan: JSON.parse(row.document) as PlanJson };
}

/** An organization's approved prices for a plan, by metric or item. */
export async function customPrices(
  reader: Reader,
  tenant: TenantId,
  planId: string,
): Promise<Map<string, PriceDocumentJson>> {
  const rows = await reader.range(custom_prices, { prefix: [tenant, planId] });
  return new Map(
    rows
      .filter(({ state }) => state === 'approved')
      .map((row) => [row.target, JSON.parse(row.document) as PriceDocumentJson]),
  );
}
