import type { BillingProfile, Seller } from '../domain/organization/party.ts';
import type { Label } from './labels.ts';
import { Texts } from './texts.ts';
import { type DocumentView, dueAt, partyView } from './view.ts';

/** What moves what a customer owes. Minor units, above zero. */
export interface Movement {
  readonly at: string;
  readonly kind: 'invoice' | 'credit_note' | 'payment' | 'refund' | 'void' | 'write_off';
  /** the invoice that it is about */
  readonly invoice: string;
  /** what it is called itself: a credit note's number, a payment's id; of an invoice its own number */
  readonly name: string;
  /** of an invoice what was due of it, after credits; of a void or write-off what was outstanding */
  readonly amount: bigint;
}

/** Invoices and refunds are owed by the customer, the rest takes away from that. */
export const changeOf = ({ kind, amount }: Movement): bigint =>
  kind === 'invoice' || kind === 'refund' ? amount : -amount;

export interface Statement {
  readonly currency: string;
  readonly from: string;
  readonly to: string;
  /** what was owed before `from`; below zero: what the customer is owed */
  readonly opening: bigint;
  readonly movements: readonly { readonly movement: Movement; readonly change: bigint; readonly balance: bigint }[];
  readonly closing: bigint;
  /** what is open at `to`, by how many days it is past due; they add up to the closing balance */
  readonly ageing: Readonly<Record<AgeClass, bigint>>;
}

export const AGE_CLASSES = ['not_due', '1-30', '31-60', '61-90', '90+'] as const;
export type AgeClass = (typeof AGE_CLASSES)[number];

const DAY_MILLISECONDS = 86_400_000;

/**
 * What an organization owed, what moved it, and what it owes, in [from, to). Opening and movements are the closing balance, always.
 * @param movements all there are, in the order of the ledger
 */
export function statementOf(
  movements: readonly Movement[],
  frame: { readonly currency: string; readonly from: string; readonly to: string; readonly termsDays: number },
): Statement {
  const { currency, from, to, termsDays } = frame;
  let balance = 0n;
  let opening = 0n;
  const shown: { movement: Movement; change: bigint; balance: bigint }[] = [];
  const open = new Map<string, { issuedAt: string; left: bigint }>();
  for (const movement of movements) {
    if (movement.at >= to) break;
    const change = changeOf(movement);
    balance += change;
    if (movement.kind === 'invoice') open.set(movement.invoice, { issuedAt: movement.at, left: change });
    else open.get(movement.invoice)!.left += change;
    if (movement.at < from) opening = balance;
    else shown.push({ movement, change, balance });
  }
  const ageing = Object.fromEntries(AGE_CLASSES.map((name) => [name, 0n])) as Record<AgeClass, bigint>;
  for (const { issuedAt, left } of open.values()) {
    ageing[ageOf(dueAt(issuedAt, { payment_terms_days: termsDays }), to)] += left;
  }
  return { currency, from, to, opening, movements: shown, closing: balance, ageing };
}

function ageOf(due: string, at: string): AgeClass {
  const days = (Date.parse(at) - Date.parse(due)) / DAY_MILLISECONDS;
  if (days < 0) return 'not_due';
  if (days <= 30) return '1-30';
  if (days <= 60) return '31-60';
  return days <= 90 ? '61-90' : '90+';
}

/** A statement as it is read: the same sheet as an invoice, with movements for lines. */
export function statementView(
  statement: Statement,
  frame: { readonly seller: Seller; readonly buyer: BillingProfile; readonly zone: string; readonly verifyUrl: string },
): DocumentView {
  const { seller, buyer, zone, verifyUrl } = frame;
  const texts = new Texts(buyer.locale, zone, statement.currency);
  const { labels } = texts;
  const money = (amount: bigint): string => texts.money(String(amount));
  const last = new Date(Date.parse(statement.to) - 1).toISOString();
  const span = `${texts.day(statement.from)} – ${texts.day(last)}`;
  const ages = AGE_CLASSES.filter((name) => statement.ageing[name] !== 0n).map((name) => ({
    label: name === 'not_due' ? labels.not_due : `${name} ${labels.days}`,
    amount: money(statement.ageing[name]),
    isTotal: false,
  }));
  return {
    locale: buyer.locale,
    texts,
    title: labels.statement,
    number: span,
    facts: [
      [labels.period, span],
      [labels.opening, money(statement.opening)],
      [labels.closing, money(statement.closing)],
    ],
    seller: partyView(seller, texts),
    buyer: partyView(buyer, texts),
    lines: statement.movements.map(({ movement, change, balance }) => ({
      title: `${texts.day(movement.at)}  ${labels[movement.kind satisfies Label]} ${movement.name}`,
      arithmetic: [
        ...(movement.name === movement.invoice ? [] : [`${labels.invoice} ${movement.invoice}`]),
        `${labels.balance} ${money(balance)}`,
      ],
      amount: money(change),
    })),
    sums: [{ label: labels.closing, amount: money(statement.closing), isTotal: true }, ...ages],
    taxes: [],
    notes: [],
    payTo: [],
    verifyUrl,
    issuedAt: statement.to,
  };
}
