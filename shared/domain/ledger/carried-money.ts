import type { Instant } from '../time.ts';
import { listOf, readRow } from './carried-rows.ts';
import type { InvoiceState, MoneyBooks, StandingFee } from './money-books.ts';

/** Reads credits, discounts, standing fees and invoices of a balance brought forward. @throws Unreadable */
export function readMoney(money: MoneyBooks, carried: unknown): void {
  for (const item of listOf(carried, 'credits')) {
    const row = readRow(
      item,
      {
        amount: 'minor',
        balance: 'minor',
        cost_basis: 'minor',
        currency: 'currency',
        expires_at: 'instant?',
        grant_id: 'name',
        priority: 'count',
        seq: 'count',
        touched_at: 'instant',
      },
      'a credit',
    );
    money.grant({
      id: row.grant_id,
      amount: BigInt(row.amount),
      balance: BigInt(row.balance),
      costBasis: BigInt(row.cost_basis),
      currency: row.currency,
      expiresAt: row.expires_at,
      priority: Number(row.priority),
      seq: Number(row.seq),
      touchedAt: row.touched_at as Instant,
    });
  }
  for (const item of listOf(carried, 'discounts')) {
    const row = readRow(item, { digest: 'hash', subscription: 'name', uses: 'count' }, 'a discount');
    money.discountUses.set(`${row.subscription} ${row.digest}`, Number(row.uses));
  }
  for (const item of listOf(carried, 'fees')) {
    const row = readRow(
      item,
      {
        from: 'instant',
        item: 'name',
        kind: 'name',
        period: 'period',
        price_digest: 'hash',
        quantity: 'quantity',
        subscription: 'name',
        to: 'instant',
      },
      'a standing fee',
    );
    money.stand({
      subscription: row.subscription,
      item: row.item,
      kind: row.kind as StandingFee['kind'],
      period: row.period,
      from: row.from as Instant,
      to: row.to as Instant,
      quantity: row.quantity,
      priceDigest: row.price_digest,
    });
  }
  for (const item of listOf(carried, 'invoices')) readInvoice(money, item);
}

function readInvoice(money: MoneyBooks, item: unknown): void {
  const row = readRow(
    item,
    {
      amount_due: 'minor',
      credit_returned: 'minor',
      credit_total: 'minor',
      credited: 'minor',
      credited_tax: 'minor',
      currency: 'currency',
      issued_at: 'instant',
      kind: 'name',
      number: 'text',
      paid: 'minor',
      refundable: 'minor',
      refunded: 'minor',
      state: 'name',
      subscription: 'name',
      tax_total: 'minor',
      total: 'minor',
    },
    'an invoice',
  );
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
