import { type PlanVersion, parseMetric, parsePlan, planDigest } from '../domain/catalogue/plan.ts';
import type { MetricJson, PlanJson } from '../domain/catalogue/schema.ts';
import { BadInput } from '../domain/errors.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import { metrics, plans, products } from './tables.ts';

export type PlanRow = RowOf<typeof plans.columns>;

/** Who does something, and when. */
export interface Deed {
  readonly by: string;
  readonly now: Instant;
}

const gone = (what: string): BadInput => new BadInput('not_found', `no such ${what}`);

/**
 * Products, metrics and plans.
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
}

/** Who decides says what was read: a proposal may have been replaced between reading and deciding. */
export function requireRead(read: string | undefined, digest: string): void {
  if (read === undefined || read === digest) return;
  throw new BadInput('invalid_transition', `it was replaced since: its digest is ${digest}`, 'digest');
}

const exists = (what: string): BadInput => new BadInput('already_exists', `there is such a ${what} already`);

export async function latest(reader: Reader, planId: string): Promise<PlanRow | undefined> {
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
