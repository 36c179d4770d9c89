import { AMOUNT_PLACES, type Amount, readCanonicalDecimal } from '../../shared/domain/decimals.ts';
import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import type { CreditRequest } from '../../shared/domain/invoice/credit-note.ts';
import { convert } from '../../shared/domain/money/conversion.ts';
import { type Currency, minorUnitPlaces, parseCurrency } from '../../shared/domain/money/currency.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { Reader, Transaction } from '../../shared/ports/database.ts';
import { rateOf } from '../../shared/stores/exchange-rate-store.ts';
import type { LedgerWork } from '../../shared/stores/ledger-work.ts';
import { grantCredit, issueCreditNote } from '../../shared/stores/money-desk.ts';
import { taxCategoriesOf } from '../../shared/stores/taxes.ts';
import { seriesOf } from '../run-invoices/run-invoices.ts';
import { type ApiRoom, absent } from './room.ts';

/**
 * Orders that move money, as requests and proposals hold them, and what each does on the organization's head: the same
 * whether one person's word is enough or a second one has approved it.
 */

export interface CreditBody {
  readonly credit_id?: string;
  readonly amount: string;
  readonly currency: string;
  readonly cost_basis?: string;
  readonly priority?: number;
  readonly expires_at?: string;
  readonly reason?: string;
}

export interface AdjustmentBody {
  readonly adjustment_id?: string;
  readonly subscription_id: string;
  readonly amount: string;
  readonly reason: string;
  readonly tax_category?: string;
  /** of `amount`, where it is another than the organization's; then `rate_id` says how it is converted */
  readonly currency?: string;
  readonly rate_id?: string;
}

export interface CreditNoteBody {
  readonly invoice_number: string;
  readonly amount?: string;
  readonly lines?: readonly { readonly line: number; readonly amount?: string }[];
  readonly reason?: string;
  readonly refundable?: 'refund' | 'credit' | 'none';
}

export function credit(work: LedgerWork, body: CreditBody & { readonly credit_id: string }): void {
  const expiresAt = body.expires_at === undefined ? undefined : parseInstant(body.expires_at, 'expires_at');
  if (body.currency !== work.account.currency)
    throw new BadInput('currency_mismatch', `the organization pays in ${work.account.currency}`, 'currency');
  grantCredit(work, {
    id: body.credit_id,
    amount: BigInt(body.amount),
    currency: parseCurrency(body.currency),
    costBasis: BigInt(body.cost_basis ?? '0'),
    priority: body.priority ?? 0,
    expiresAt,
    reason: body.reason ?? 'grant',
  });
}

/** @returns the entry's number */
export async function adjust(
  work: LedgerWork,
  tx: Transaction,
  body: AdjustmentBody & { readonly adjustment_id: string },
): Promise<{ readonly seq: number; readonly amount: Amount }> {
  const subscription = work.account.subscriptions.find((one) => one.id === body.subscription_id);
  if (subscription === undefined) throw absent('subscription');
  const now = work.scribe.recordedAt;
  const open = await work.bucketAt(subscription, now < subscription.startedAt ? subscription.startedAt : now);
  const category = body.tax_category ?? 'standard';
  if (!taxCategoriesOf(work.account).includes(category)) {
    throw new BadInput('invalid_parameter', 'no rate is known for the tax category', 'tax_category');
  }
  const amount = await inOwnCurrency(body, work.tenant, work.account.currency, tx);
  return { seq: work.scribe.adjustment(open, body.adjustment_id, amount, body.reason, category), amount };
}

/** An adjustment's amount in the organization's currency. @throws BadInput `currency_mismatch`, `not_found`, `invalid_amount` */
export async function inOwnCurrency(
  { amount, currency, rate_id: rateId }: AdjustmentBody,
  tenant: TenantId,
  own: Currency,
  reader: Reader,
): Promise<Amount> {
  const from = currency === undefined ? own : parseCurrency(currency);
  if (from === own && rateId === undefined) return amountOf(amount);
  if (rateId === undefined)
    throw new BadInput('currency_mismatch', `the organization pays in ${own}: say a rate_id`, 'currency');
  const converted = convert(amount, from, own, await rateOf(reader, tenant, rateId));
  if (converted === 0n) throw new BadInput('invalid_parameter', 'an adjustment is an amount other than 0', 'amount');
  return converted;
}

export function creditNote(
  work: LedgerWork,
  tx: Transaction,
  body: CreditNoteBody,
  { invoicePrefix }: Pick<ApiRoom, 'invoicePrefix'>,
): ReturnType<typeof issueCreditNote> {
  return issueCreditNote(work, tx, {
    invoice: body.invoice_number,
    request: creditRequest(body),
    reason: body.reason ?? 'correction',
    refundable: body.refundable ?? 'none',
    series: seriesOf(`CN-${invoicePrefix}`, work.scribe.recordedAt),
  });
}

function creditRequest(body: CreditNoteBody): CreditRequest {
  if (body.amount !== undefined && body.lines !== undefined)
    throw new BadInput('invalid_parameter', 'an amount or lines, not both', 'lines');
  if (body.amount !== undefined) return { kind: 'amount', amount: BigInt(body.amount) };
  if (body.lines === undefined) return { kind: 'full' };
  return {
    kind: 'lines',
    lines: body.lines.map(({ line, amount }) => ({
      line,
      ...(amount === undefined ? {} : { amount: BigInt(amount) }),
    })),
  };
}

function amountOf(text: string): Amount {
  // Trailing zeros are no fault of the sender; the ledger has its numbers in one form.
  const canonical = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  const amount = readCanonicalDecimal(canonical, AMOUNT_PLACES);
  if (amount === undefined || amount === 0n)
    throw new BadInput('invalid_parameter', 'an adjustment is an amount other than 0', 'amount');
  return amount as Amount;
}

/** How many minor units of a currency an adjustment's amount comes to, whichever way it goes; a part of one counts as one. */
export function sizeOf(amount: string, currency: string): bigint {
  const unit = 10n ** BigInt(AMOUNT_PLACES - minorUnitPlaces(parseCurrency(currency)));
  const exact = amountOf(amount);
  return ((exact < 0n ? -exact : exact) + unit - 1n) / unit;
}
