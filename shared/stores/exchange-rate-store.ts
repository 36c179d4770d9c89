import { parsePrice } from '../domain/decimals.ts';
import { BadInput } from '../domain/errors.ts';
import type { TenantId } from '../domain/ids.ts';
import type { ExchangeRate } from '../domain/money/conversion.ts';
import { parseCurrency } from '../domain/money/currency.ts';
import type { Database, Reader, RowOf, Transaction } from '../ports/database.ts';
import type { LedgerWork } from './ledger-work.ts';
import { exchange_rates } from './tables.ts';

export type ExchangeRateRow = RowOf<typeof exchange_rates.columns>;

/** Exchange rates that an organization's ledger has recorded. They never change. */
export class ExchangeRateStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  list(tenant: TenantId, after: string, limit: number): Promise<ExchangeRateRow[]> {
    return this.#database.snapshot((view) =>
      view.range(exchange_rates, { prefix: [tenant], from: [`${after}\0`], limit }),
    );
  }

  get(tenant: TenantId, id: string): Promise<ExchangeRateRow | undefined> {
    return this.#database.read(exchange_rates, [tenant, id]);
  }
}

/** Records a rate with its ledger entry. @throws BadInput `already_exists` */
export async function recordRate(
  work: LedgerWork,
  tx: Transaction,
  rate: Pick<ExchangeRateRow, 'rate_id' | 'base_currency' | 'quote_currency' | 'rate' | 'rate_date' | 'source'>,
): Promise<ExchangeRateRow> {
  if ((await tx.read(exchange_rates, [work.tenant, rate.rate_id])) !== undefined) {
    throw new BadInput('already_exists', 'there is such a rate already', 'rate_id');
  }
  const seq = work.scribe.exchangeRate(rate);
  const row = { tenant: work.tenant, ...rate, seq, recorded_at: work.scribe.recordedAt };
  tx.insert(exchange_rates, row);
  return row;
}

/** A rate to convert by. @throws BadInput `not_found` */
export async function rateOf(reader: Reader, tenant: TenantId, id: string): Promise<ExchangeRate> {
  const row = await reader.read(exchange_rates, [tenant, id]);
  if (row === undefined) throw new BadInput('not_found', 'no such exchange rate was recorded', 'rate_id');
  return {
    id,
    base: parseCurrency(row.base_currency),
    quote: parseCurrency(row.quote_currency),
    rate: parsePrice(row.rate, 'rate'),
  };
}
