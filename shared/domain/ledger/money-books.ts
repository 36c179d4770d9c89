import type { Json } from '../canonical.ts';
import type { Grant } from '../credit/burn.ts';
import type { Instant } from '../time.ts';

/** A grant as the books hold it. */
export interface HeldGrant extends Grant {
  readonly amount: bigint;
  readonly costBasis: bigint;
  readonly currency: string;
  /** when it last moved */
  touchedAt: Instant;
}

export type InvoiceState = 'open' | 'paid' | 'void' | 'uncollectible';

/** Where an issued invoice stands. Sums in minor units. */
export interface HeldInvoice {
  readonly number: string;
  readonly subscription: string;
  readonly kind: string;
  readonly currency: string;
  readonly issuedAt: Instant;
  readonly total: bigint;
  readonly taxTotal: bigint;
  readonly amountDue: bigint;
  /** what credits paid of it, and what of that they got back when it was voided */
  readonly creditTotal: bigint;
  creditReturned: bigint;
  /** what credit notes took back, and the tax in it */
  credited: bigint;
  creditedTax: bigint;
  paid: bigint;
  /** what was paid too much after a credit note, and what of it was given back */
  refundable: bigint;
  refunded: bigint;
  state: InvoiceState;
}

/** What a subscription's item has been charged last: the stretch that stands, or since when nothing does. */
export interface StandingFee {
  readonly subscription: string;
  readonly item: string;
  readonly kind: 'advance' | 'arrears' | 'unused';
  readonly period: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly quantity: string;
  readonly priceDigest: string;
}

/**
 * The part of a tenant's books that outlives a period: credits, invoices that may still move, how often a discount was
 * given, which fees stand. Writer and verifier hold the same, like the rest of the books.
 */
export class MoneyBooks {
  readonly grants = new Map<string, HeldGrant>();
  readonly invoices = new Map<string, HeldInvoice>();
  /** by subscription and discount digest */
  readonly discountUses = new Map<string, number>();
  /** by subscription and item */
  readonly fees = new Map<string, StandingFee>();

  grant(grant: HeldGrant): void {
    this.grants.set(grant.id, grant);
  }

  /** Takes from a grant (or gives back, where `amount` is below zero). */
  burn(id: string, amount: bigint, at: Instant): void {
    const held = this.grants.get(id)!;
    held.balance -= amount;
    held.touchedAt = at;
  }

  stand(fee: StandingFee): void {
    this.fees.set(feeKey(fee.subscription, fee.item), fee);
  }

  useDiscount(subscription: string, digest: string): void {
    const key = `${subscription} ${digest}`;
    this.discountUses.set(key, (this.discountUses.get(key) ?? 0) + 1);
  }

  usesOf(subscription: string, digest: string): number {
    return this.discountUses.get(`${subscription} ${digest}`) ?? 0;
  }

  /**
   * What is brought forward. Long-settled invoices and long-empty grants stay behind.
   * @param kept the instant after which settled ones are still carried
   */
  carried(kept: Instant): { readonly [name: string]: Json } {
    return {
      credits: ordered(this.grants)
        .filter((held) => held.balance > 0n || held.touchedAt > kept)
        .map((held) => ({
          amount: String(held.amount),
          balance: String(held.balance),
          cost_basis: String(held.costBasis),
          currency: held.currency,
          expires_at: held.expiresAt,
          grant_id: held.id,
          priority: String(held.priority),
          seq: String(held.seq),
          touched_at: held.touchedAt,
        })),
      discounts: [...this.discountUses.keys()].sort().map((key) => {
        const [subscription, digest] = key.split(' ') as [string, string];
        return { digest, subscription, uses: String(this.discountUses.get(key)) };
      }),
      fees: ordered(this.fees).map((fee) => ({
        from: fee.from,
        item: fee.item,
        kind: fee.kind,
        period: fee.period,
        price_digest: fee.priceDigest,
        quantity: fee.quantity,
        subscription: fee.subscription,
        to: fee.to,
      })),
      invoices: ordered(this.invoices)
        .filter((held) => held.state === 'open' || held.issuedAt > kept)
        .map((held) => ({
          amount_due: String(held.amountDue),
          credit_returned: String(held.creditReturned),
          credit_total: String(held.creditTotal),
          credited: String(held.credited),
          credited_tax: String(held.creditedTax),
          currency: held.currency,
          issued_at: held.issuedAt,
          kind: held.kind,
          number: held.number,
          paid: String(held.paid),
          refundable: String(held.refundable),
          refunded: String(held.refunded),
          state: held.state,
          subscription: held.subscription,
          tax_total: String(held.taxTotal),
          total: String(held.total),
        })),
    };
  }
}

export const feeKey = (subscription: string, item: string): string => `${subscription} ${item}`;

/** What is still to be paid on an invoice: never below zero. */
export function outstanding(held: HeldInvoice): bigint {
  if (held.state === 'void' || held.state === 'uncollectible') return 0n;
  const due = held.amountDue - (held.credited - held.refundable) - held.paid;
  return due > 0n ? due : 0n;
}

/** What credit notes may still take back: an invoice is never credited beyond its total. */
export const creditable = (held: HeldInvoice): bigint => (held.state === 'void' ? 0n : held.total - held.credited);

const ordered = <V>(map: ReadonlyMap<string, V>): V[] => [...map.keys()].sort().map((key) => map.get(key)!);
