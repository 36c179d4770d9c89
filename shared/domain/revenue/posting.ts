import type { Sequence } from '../ids.ts';
import type { Account } from './chart.ts';
import type { MoneyMove } from './history.ts';

/** One side of a posting. Minor units, not below zero; one of the two is zero, the other is not. */
export interface JournalLine {
  readonly account: Account;
  /** of `tax_payable`: who levies it; otherwise empty */
  readonly jurisdiction: string;
  readonly debit: bigint;
  readonly credit: bigint;
}

/** What a posting is for: the kind of its entry, or the end of a month in which something was earned. */
export const POSTING_KINDS = [
  'invoice',
  'credit_use',
  'credit_grant',
  'credit_expiry',
  'credit_return',
  'credit_note',
  'void',
  'write_off',
  'payment',
  'refund',
  'accrual',
  'recognition',
] as const satisfies readonly (MoneyMove['typ'] | 'accrual' | 'recognition')[];
export type PostingKind = (typeof POSTING_KINDS)[number];

/** A posting of double entry: its debits are its credits. */
export interface Posting {
  /** day of the organization's wall clock, `YYYY-MM-DD` */
  readonly date: string;
  /** the ledger entry it follows from: of a recognition the invoice, of an accrual the last entry of what is accrued */
  readonly seq: Sequence;
  readonly kind: PostingKind;
  /** the invoice's number, the credit note's, the credit's id; of an accrual what was used */
  readonly reference: string;
  readonly currency: string;
  readonly lines: readonly JournalLine[];
}

/** The sides of a posting as they come together: one line per account and jurisdiction, in the order first named. */
export class Sides {
  readonly #sums = new Map<string, { readonly account: Account; readonly jurisdiction: string; debit: bigint }>();

  /** @param amount below zero it is a credit */
  debit(account: Account, amount: bigint, jurisdiction = ''): this {
    const key = `${account} ${jurisdiction}`;
    const sum = this.#sums.get(key) ?? { account, jurisdiction, debit: 0n };
    sum.debit += amount;
    this.#sums.set(key, sum);
    return this;
  }

  /** @param amount below zero it is a debit */
  credit(account: Account, amount: bigint, jurisdiction = ''): this {
    return this.debit(account, -amount, jurisdiction);
  }

  /** @throws RangeError where debits are not credits: then a document does not add up */
  lines(): JournalLine[] {
    let balance = 0n;
    const lines: JournalLine[] = [];
    for (const { account, jurisdiction, debit } of this.#sums.values()) {
      balance += debit;
      if (debit === 0n) continue;
      lines.push({ account, jurisdiction, debit: debit > 0n ? debit : 0n, credit: debit < 0n ? -debit : 0n });
    }
    if (balance !== 0n) throw new RangeError(`a posting is out of balance by ${balance}`);
    return lines;
  }
}
