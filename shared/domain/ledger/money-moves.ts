import { unhandled } from '../errors.ts';
import type { Instant } from '../time.ts';
import type { EntryOf } from './kinds.ts';
import { creditable, type HeldGrant, type HeldInvoice, type MoneyBooks, outstanding } from './money-books.ts';

/** Entries that move credits and issued invoices, each by itself. */
export type MoneyKind =
  | 'credit_grant'
  | 'credit_expiry'
  | 'credit_return'
  | 'credit_note'
  | 'void'
  | 'write_off'
  | 'payment'
  | 'refund';
export type MoneyEntry = { [K in MoneyKind]: EntryOf<K> }[MoneyKind];

export const MONEY_KINDS: ReadonlySet<string> = new Set<MoneyKind>([
  'credit_grant',
  'credit_expiry',
  'credit_return',
  'credit_note',
  'void',
  'write_off',
  'payment',
  'refund',
]);

/** A movement of money that the books do not allow. */
export class MoneyRefused extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'MoneyRefused';
  }
}

const refuse = (condition: boolean, detail: string): void => {
  if (condition) throw new MoneyRefused(detail);
};

/**
 * Moves the books by one entry, or says why they do not allow it. Whoever writes an entry and whoever checks it come here.
 * @throws MoneyRefused, with the books unmoved
 */
export function moveMoney(money: MoneyBooks, entry: MoneyEntry): void {
  const amount = BigInt(entry.amount);
  refuse(amount <= 0n, 'a movement of money is above zero');
  const at = entry.recorded_at as Instant;
  switch (entry.typ) {
    case 'credit_grant': {
      refuse(money.grants.has(entry.grant_id), `the credit ${entry.grant_id} was granted before`);
      refuse(entry.expires_at !== '' && entry.expires_at <= at, 'the credit had expired before it was granted');
      const { grant_id: id, currency, expires_at: expiresAt } = entry;
      const [costBasis, priority, seq] = [BigInt(entry.cost_basis), Number(entry.priority), Number(entry.seq)];
      refuse(costBasis < 0n, 'a cost basis is not below zero');
      money.grant({ id, amount, balance: amount, costBasis, currency, expiresAt, priority, seq, touchedAt: at });
      return;
    }
    case 'credit_expiry': {
      const held = grantOf(money, entry.grant_id, entry.currency);
      refuse(amount > held.balance, `the credit ${held.id} has ${held.balance} left`);
      const over = held.expiresAt !== '' && held.expiresAt <= at;
      refuse(entry.reason === 'expired' && !over, `the credit ${held.id} has not expired`);
      money.burn(held.id, amount, at);
      return;
    }
    case 'credit_return': {
      const held = grantOf(money, entry.grant_id, entry.currency);
      const invoice = invoiceOf(money, entry.number, entry.currency);
      refuse(invoice.state !== 'void', 'credits are returned by an invoice that is void');
      refuse(amount > invoice.creditTotal - invoice.creditReturned, 'more is returned than was used');
      refuse(held.balance + amount > held.amount, `the credit ${held.id} was never that large`);
      invoice.creditReturned += amount;
      money.burn(held.id, -amount, at);
      return;
    }
    case 'credit_note': {
      const invoice = invoiceOf(money, entry.number, entry.currency);
      refuse(invoice.state === 'void', 'a void invoice is not credited');
      // Nothing is outstanding of it any more, so all of the note would be money to give back that nobody has paid.
      refuse(invoice.state === 'uncollectible', 'what was written off is not credited');
      const left = creditable(invoice);
      refuse(amount > left, `the invoice can be credited ${left} more`);
      const tax = BigInt(entry.tax_total);
      const taxLeft = invoice.taxTotal - invoice.creditedTax;
      refuse(tax < 0n || tax > taxLeft || tax > amount, 'the tax of the credit note is not within the invoice’s');
      refuse(amount === left && tax !== taxLeft, 'the last credit note takes back what is left of the tax');
      const open = outstanding(invoice);
      const refundable = amount > open ? amount - open : 0n;
      refuse(BigInt(entry.refundable) !== refundable, `${refundable} of the credit note had been paid`);
      invoice.credited += amount;
      invoice.creditedTax += tax;
      invoice.refundable += refundable;
      return settle(invoice);
    }
    case 'void': {
      const invoice = invoiceOf(money, entry.number, entry.currency);
      refuse(invoice.state === 'void' || invoice.state === 'uncollectible', `the invoice is ${invoice.state}`);
      refuse(invoice.paid > 0n || invoice.credited > 0n, 'what was paid or credited is undone by a credit note');
      refuse(amount !== invoice.total, `the invoice is over ${invoice.total}`);
      invoice.state = 'void';
      return;
    }
    case 'write_off': {
      const invoice = openInvoice(money, entry.number, entry.currency);
      refuse(amount !== outstanding(invoice), `${outstanding(invoice)} is outstanding`);
      invoice.state = 'uncollectible';
      return;
    }
    case 'payment': {
      const invoice = openInvoice(money, entry.number, entry.currency);
      refuse(amount > outstanding(invoice), `${outstanding(invoice)} is outstanding`);
      invoice.paid += amount;
      return settle(invoice);
    }
    case 'refund': {
      const invoice = invoiceOf(money, entry.number, entry.currency);
      const left = invoice.refundable - invoice.refunded;
      refuse(amount > left, `${left} is left to give back`);
      invoice.refunded += amount;
      return;
    }
    default:
      return unhandled(entry);
  }
}

function grantOf(money: MoneyBooks, id: string, currency: string): HeldGrant {
  const held = money.grants.get(id);
  if (held === undefined) throw new MoneyRefused(`no credit ${id} was granted`);
  refuse(held.currency !== currency, `the credit is in ${held.currency}`);
  return held;
}

function invoiceOf(money: MoneyBooks, number: string, currency: string): HeldInvoice {
  const held = money.invoices.get(number);
  if (held === undefined) throw new MoneyRefused(`no invoice ${number} is in the books`);
  refuse(held.currency !== currency, `the invoice is in ${held.currency}`);
  return held;
}

function openInvoice(money: MoneyBooks, number: string, currency: string): HeldInvoice {
  const held = invoiceOf(money, number, currency);
  refuse(held.state !== 'open', `the invoice is ${held.state}`);
  return held;
}

/** An invoice of which nothing is outstanding is paid. */
export function settle(invoice: HeldInvoice): void {
  if (invoice.state === 'open' && outstanding(invoice) === 0n) invoice.state = 'paid';
}
