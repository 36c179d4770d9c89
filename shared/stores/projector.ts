import { canonicalJson } from '../domain/canonical.ts';
import type { Sequence, TenantId } from '../domain/ids.ts';
import type { InvoiceDocument } from '../domain/invoice/invoice.ts';
import { periodKeyText } from '../domain/ledger/books.ts';
import type { Instant } from '../domain/time.ts';
import type { Database, Reader, RowOf } from '../ports/database.ts';
import type { Projection, Projections } from '../ports/projections.ts';
import {
  invoiceSummary,
  type Line,
  lineOfInvoice,
  lineOfRow,
  summaryExpiresAt,
  summaryId,
  usageSummary,
} from './read-models.ts';
import { aggregates, heads, invoices, line_sums, open_periods } from './tables.ts';

type InvoiceRow = RowOf<typeof invoices.columns>;

/** Names a read model of a tenant. */
export type ReadModel =
  | { readonly kind: 'usage_summaries'; readonly subscription: string; readonly period: string }
  | { readonly kind: 'invoices'; readonly number: string };

/** A read model and the last entry that changed it: a projection of a later version shows that entry. */
export type ChangedModel = ReadModel & { readonly seq: Sequence };

/** What may have changed. */
export interface Stretch {
  /** by entries at or after this one */
  readonly from: Sequence;
  /** invoices issued since then too: their evidence comes after them and moves no entry */
  readonly issuedSince?: Instant;
  readonly now: Instant;
}

/** How far a tenant's read models are known to be up to date. */
export interface Projected {
  /** entries that they show */
  readonly size: number;
  /** numbers of invoices that have not been seen with their evidence */
  readonly awaiting: ReadonlySet<string>;
  /** number of the latest invoice that was seen, empty where there was none; undefined where nobody has looked */
  readonly lastInvoice: string | undefined;
}

/** All that names a tenant's read models, as one snapshot shows it. */
export interface ModelRows {
  readonly periods: readonly RowOf<typeof open_periods.columns>[];
  readonly lines: readonly RowOf<typeof line_sums.columns>[];
  readonly invoices: readonly InvoiceRow[];
}

/** Invoices read at once where the latest are wanted. */
const INVOICES_PER_READ = 50;
const PUTS = 5;

export const idOf = (model: ReadModel): string =>
  model.kind === 'invoices' ? model.number : summaryId(model.subscription, model.period);

/** Whether what stands there says what the database says. Which entry it was made at does not count as saying something. */
export const saysTheSame = (held: Projection, made: Projection): boolean =>
  canonicalJson({ ...held.document, as_of_seq: null }) === canonicalJson({ ...made.document, as_of_seq: null });

/**
 * Makes a tenant's read models from the books and puts them where the tenant reads them.
 *
 * Every one is made whole, from one snapshot, and carries that snapshot's log size as its version: of two that cross, the
 * later snapshot stays. So it does not matter who puts them, how often, or in which order.
 */
export class Projector {
  readonly #database: Database;
  readonly #projections: Projections;

  constructor(database: Database, projections: Projections) {
    this.#database = database;
    this.#projections = projections;
  }

  /** Puts whatever entries from `from` on have changed. */
  async follow(tenant: TenantId, from: Sequence, now: Instant): Promise<void> {
    for (const model of await this.changed(tenant, { from, now })) await this.put(tenant, model);
  }

  /** Makes one read model and puts it. */
  async put(tenant: TenantId, model: ReadModel): Promise<void> {
    for (let made = await this.make(tenant, model), puts = 0; made !== undefined && puts < PUTS; puts++) {
      await this.#projections.put(tenant, model.kind, idOf(model), made);
      if (model.kind !== 'invoices') return;
      // Evidence changes an invoice without an entry, so two versions may be equal and not the same: then the one put last
      // would stay, whichever is right. Whoever puts looks again; the last of them finds what is true now.
      const now = await this.make(tenant, model);
      if (now === undefined || saysTheSame(made, now)) return;
      made = now;
    }
  }

  /** A read model as the database has it now; undefined where there is no such thing. */
  async make(tenant: TenantId, model: ReadModel): Promise<Projection | undefined> {
    return this.#database.snapshot(async (view): Promise<Projection | undefined> => {
      const version = (await view.read(heads, [tenant]))?.size ?? 0;
      if (model.kind === 'invoices') {
        const row = await view.read(invoices, [tenant, model.number]);
        return row === undefined ? undefined : { version, document: invoiceSummary(row) };
      }
      const { subscription, period } = model;
      const billed = await billedIn(view, tenant, subscription, period);
      if (billed === undefined) return undefined;
      const used = await usedIn(view, tenant, subscription, period);
      const document = usageSummary({ subscription, period, ...billed, aggregates: used, asOfSeq: version - 1 });
      return { version, document, expiresAt: summaryExpiresAt(period) };
    });
  }

  /**
   * Names the read models that a stretch of the log may have changed: of periods that are open, of those it closed, of those
   * that late usage belongs to, and of invoices. From 0 on that is every one that has not expired.
   */
  async changed(tenant: TenantId, stretch: Stretch): Promise<ChangedModel[]> {
    return changedModels(await this.rows(tenant, stretch), stretch);
  }

  /** All that names a tenant's read models; of invoices those that a stretch wants and at least the latest. */
  async rows(tenant: TenantId, stretch: Stretch): Promise<ModelRows> {
    return this.#database.snapshot(async (view) => ({
      periods: await view.range(open_periods, { prefix: [tenant] }),
      lines: await view.range(line_sums, { prefix: [tenant] }),
      invoices: await latestInvoices(view, tenant, (row) => isWanted(row, stretch)),
    }));
  }

  /**
   * The same of many tenants, in one read of each table.
   * @param since by tenant, the number of the latest invoice that is known already: only later ones are read
   */
  async rowsOfAll(since: ReadonlyMap<TenantId, string>): Promise<Map<TenantId, ModelRows>> {
    const tenants = [...since.keys()].map((tenant) => ({ prefix: [tenant] }));
    // The least text after that number.
    const later = [...since].map(([tenant, number]) => ({ prefix: [tenant], from: [`${number}\0`] }));
    const [periods, lines, issued] = await this.#database.snapshot(async (view) => [
      await view.ranges(open_periods, tenants),
      await view.ranges(line_sums, tenants),
      await view.ranges(invoices, later),
    ]);
    const [periodsOf, linesOf, issuedTo] = [byTenant(periods), byTenant(lines), byTenant(issued)];
    return new Map(
      [...since.keys()].map((tenant) => [
        tenant,
        {
          periods: periodsOf.get(tenant) ?? [],
          lines: linesOf.get(tenant) ?? [],
          invoices: (issuedTo.get(tenant) ?? []).toReversed(),
        },
      ]),
    );
  }
}

const byTenant = <R extends { readonly tenant: string }>(rows: readonly R[]): Map<string, R[]> =>
  Map.groupBy(rows, ({ tenant }) => tenant);

/** What rows name, of that which a stretch of the log may have changed. @param rows.invoices latest first */
export function changedModels({ periods, lines, invoices: issued }: ModelRows, stretch: Stretch): ChangedModel[] {
  const summaries = new Map<string, ChangedModel>();
  const found: ChangedModel[] = [];
  const note = (subscription: string, period: string, seq: Sequence): void => {
    const key = periodKeyText(subscription, period);
    if (seq < stretch.from || seq <= (summaries.get(key)?.seq ?? -1) || summaryExpiresAt(period) <= stretch.now) return;
    summaries.set(key, { kind: 'usage_summaries', subscription, period, seq });
  };
  for (const row of periods) note(row.subscription, row.period, row.last_seq);
  // Late usage moves the summary of the period it belongs to as well.
  for (const row of lines) note(row.subscription, row.period, row.last_seq);
  for (const row of issued) {
    if (!isWanted(row, stretch)) continue;
    // The invoice's own entry follows the close.
    const seq = row.close_seq + 1;
    found.push({ kind: 'invoices', number: row.number, seq });
    note(row.subscription, row.period, seq);
    for (const line of documentOf(row).lines) note(row.subscription, line.period, Number(line.last_seq));
  }
  return [...found, ...summaries.values()];
}

const isWanted = (row: InvoiceRow, { from, issuedSince }: Stretch): boolean =>
  row.close_seq >= from || (issuedSince !== undefined && row.issued_at >= issuedSince);

/** Everything billed in a period: its running sums while it is open, its invoice's lines afterwards. */
async function billedIn(
  view: Reader,
  tenant: TenantId,
  subscription: string,
  period: string,
): Promise<{ readonly currency: string; readonly invoice: string | undefined; readonly lines: Line[] } | undefined> {
  const open = await view.read(open_periods, [tenant, subscription, period]);
  if (open !== undefined) {
    const rows = await view.range(line_sums, { prefix: [tenant, subscription, period] });
    // What an invoice in between has billed is on that invoice.
    const lines = rows.filter(({ kind }) => kind !== 'invoiced').map(lineOfRow);
    return { currency: open.currency, invoice: undefined, lines };
  }
  for (let before: string | undefined; ; ) {
    const rows = await invoicesBefore(view, tenant, before, INVOICES_PER_READ);
    const row = rows.find((one) => one.subscription === subscription && one.period === period);
    if (row !== undefined) {
      return { currency: row.currency, invoice: row.number, lines: documentOf(row).lines.map(lineOfInvoice) };
    }
    if (rows.length < INVOICES_PER_READ) return undefined;
    before = rows.at(-1)!.number;
  }
}

/** Aggregates of the usage that took place in a period. */
function usedIn(view: Reader, tenant: TenantId, subscription: string, period: string) {
  // Keys are `subscription period meter price`, joined by blanks; `!` is the character after the blank.
  const start = periodKeyText(subscription, period);
  return view.range(aggregates, { prefix: [tenant], from: [`${start} `], to: [`${start}!`] });
}

/**
 * The latest invoices, as far back as they are wanted, and the one before those. Read backwards by number until one is not wanted:
 * within a series a tenant's numbers go up as its periods close. Most calls read one row.
 */
async function latestInvoices(
  view: Reader,
  tenant: TenantId,
  wanted: (row: InvoiceRow) => boolean,
): Promise<InvoiceRow[]> {
  const found: InvoiceRow[] = [];
  for (let limit = 1, before: string | undefined; ; limit = INVOICES_PER_READ) {
    const rows = await invoicesBefore(view, tenant, before, limit);
    found.push(...rows);
    if (rows.length < limit || !wanted(rows.at(-1)!)) return found;
    before = rows.at(-1)!.number;
  }
}

const invoicesBefore = (view: Reader, tenant: TenantId, before: string | undefined, limit: number) =>
  view.range(invoices, { prefix: [tenant], ...(before === undefined ? {} : { to: [before] }), limit, reverse: true });

const documentOf = (row: InvoiceRow): InvoiceDocument =>
  JSON.parse(Buffer.from(row.document).toString('utf8')) as InvoiceDocument;
