import type { TenantId } from '../domain/ids.ts';
import type { InvoiceState, MoneyBooks, StandingFee } from '../domain/ledger/money-books.ts';
import type { Instant } from '../domain/time.ts';
import type { Reader, Transaction } from '../ports/database.ts';
import { credit_grants, discount_uses, invoice_balances, invoices, standing_fees } from './tables.ts';

/** How credits, invoices, discounts and standing fees stand in rows, in both directions. */

/** Loads everything of a tenant that outlives its periods. */
export async function loadMoney(reader: Reader, tenant: TenantId, money: MoneyBooks): Promise<void> {
  for (const row of await reader.range(credit_grants, { prefix: [tenant] })) {
    money.grant({
      id: row.grant_id,
      amount: BigInt(row.amount),
      balance: BigInt(row.balance),
      costBasis: BigInt(row.cost_basis),
      currency: row.currency,
      expiresAt: row.expires_at,
      priority: row.priority,
      seq: row.seq,
      touchedAt: row.touched_at as Instant,
    });
  }
  for (const row of await reader.range(invoice_balances, { prefix: [tenant] })) {
    money.invoices.set(row.number, {
      number: row.number,
      subscription: row.subscription,
      kind: row.kind,
      currency: row.currency,
      issuedAt: row.issued_at as Instant,
      total: BigInt(row.total),
      taxTotal: BigInt(row.tax_total),
      amountDue: BigInt(row.amount_due),
      creditTotal: BigInt(row.credit_total),
      creditReturned: BigInt(row.credit_returned),
      credited: BigInt(row.credited),
      creditedTax: BigInt(row.credited_tax),
      paid: BigInt(row.paid),
      refundable: BigInt(row.refundable),
      refunded: BigInt(row.refunded),
      state: row.state as InvoiceState,
    });
  }
  for (const row of await reader.range(discount_uses, { prefix: [tenant] })) {
    money.discountUses.set(`${row.subscription} ${row.digest}`, row.uses);
  }
  for (const row of await reader.range(standing_fees, { prefix: [tenant] })) {
    money.stand({
      subscription: row.subscription,
      item: row.item,
      kind: row.kind as StandingFee['kind'],
      period: row.period,
      from: row.from_at as Instant,
      to: row.to_at as Instant,
      quantity: row.quantity,
      priceDigest: row.price_digest,
    });
  }
}

type Rows = ReadonlyMap<string, (tx: Transaction) => void>;

/** One row per member of the books, as text by key: two of these tell which rows have changed. */
export function moneyRows(
  tenant: TenantId,
  money: MoneyBooks,
): { readonly texts: ReadonlyMap<string, string>; readonly writes: Rows } {
  const texts = new Map<string, string>();
  const writes = new Map<string, (tx: Transaction) => void>();
  const keep = (key: string, row: object, write: (tx: Transaction) => void): void => {
    texts.set(key, JSON.stringify(row));
    writes.set(key, write);
  };
  for (const held of money.grants.values()) {
    const row = {
      tenant,
      grant_id: held.id,
      amount: String(held.amount),
      balance: String(held.balance),
      cost_basis: String(held.costBasis),
      currency: held.currency,
      expires_at: held.expiresAt,
      priority: held.priority,
      seq: held.seq,
      touched_at: held.touchedAt,
    };
    keep(`grant ${held.id}`, row, (tx) => tx.upsert(credit_grants, row));
  }
  for (const held of money.invoices.values()) {
    const row = {
      tenant,
      number: held.number,
      subscription: held.subscription,
      kind: held.kind,
      currency: held.currency,
      issued_at: held.issuedAt,
      total: String(held.total),
      tax_total: String(held.taxTotal),
      amount_due: String(held.amountDue),
      credit_total: String(held.creditTotal),
      credit_returned: String(held.creditReturned),
      credited: String(held.credited),
      credited_tax: String(held.creditedTax),
      paid: String(held.paid),
      refundable: String(held.refundable),
      refunded: String(held.refunded),
      state: held.state,
    };
    keep(`invoice ${held.number}`, row, (tx) => tx.upsert(invoice_balances, row));
  }
  for (const [key, uses] of money.discountUses) {
    const [subscription, digest] = key.split(' ') as [string, string];
    const row = { tenant, subscription, digest, uses };
    keep(`discount ${key}`, row, (tx) => tx.upsert(discount_uses, row));
  }
  for (const [key, fee] of money.fees) {
    const row = {
      tenant,
      subscription: fee.subscription,
      item: fee.item,
      kind: fee.kind,
      period: fee.period,
      from_at: fee.from,
      to_at: fee.to,
      quantity: fee.quantity,
      price_digest: fee.priceDigest,
    };
    keep(`fee ${key}`, row, (tx) => tx.upsert(standing_fees, row));
  }
  return { texts, writes };
}

/** Writes the rows that have changed since `before` was taken. */
export function saveMoney(
  tx: Transaction,
  tenant: TenantId,
  before: ReadonlyMap<string, string>,
  money: MoneyBooks,
): void {
  const { texts, writes } = moneyRows(tenant, money);
  for (const [key, text] of texts) if (before.get(key) !== text) writes.get(key)!(tx);
  for (const { number, state } of money.invoices.values()) {
    const was = before.get(`invoice ${number}`);
    // A new invoice's row is inserted with its state.
    if (was !== undefined && !was.includes(`"state":"${state}"`)) tx.update(invoices, [tenant, number], { state });
  }
}
