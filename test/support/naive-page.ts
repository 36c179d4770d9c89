import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import canonicalize from 'canonicalize';

/*
 * A second reader of pages, written down from the appendix of `docs/receipt-format.md`; nothing of it is shared with the
 * code under test.
 */

const MOVING = ['blind', 'prev', 'recorded_at', 'seq'];
const MOVING_IN_CHARGES = [
  'aggregate_after',
  'aggregate_before',
  'amount',
  'event_commit',
  'event_id',
  'events_before',
  'occurred_at',
  'quantity',
];

/** Members of the kinds that this project issues, as section 2.2 prints them. */
const MEMBERS: Readonly<Record<string, string>> = {
  genesis: '',
  open: 'carried currency period subscription',
  charge:
    'aggregate_after aggregate_before aggregation amount billed_in currency event_commit event_id events_before meter occurred_at period price_digest price_ref quantity rater subscription value_commit',
  fee: 'amount billed_in currency denominator fee from meter numerator period price_digest price_ref proration quantity subscription to zone',
  close: 'count currency first_seq last_seq period subscription total until',
  invoice:
    'amount_due close_seq credit_total currency discount_total invoice_digest kind number period subscription subtotal tax_total total',
};

type Members = Record<string, string>;

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest();

/** Adds decimals by lining up their digits. */
function add(a: string, b: string): string {
  const scaled = (text: string): bigint => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(12, '0'));
  };
  const digits = String(scaled(a) + scaled(b)).padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`.replace(/\.?0+$/, '');
}

/** The entries of a page. */
export function naiveEntries(page: Buffer): string[] {
  if (page[0] === 0x28) return zstdDecompressSync(page).toString('latin1').trimEnd().split('\n');
  const rawEnd = 73 + page.readUInt32BE(1);
  const raw = page.subarray(73, rawEnd);
  const [first, ...lines] = zstdDecompressSync(page.subarray(rawEnd)).toString('latin1').split('\n');
  const [ledger = '', tenant = '', seq, count, idBytes, templateCount] = first!.split('"');
  const templates = lines.slice(0, Number(templateCount)).map((line) => line.split('"'));
  const columns = lines.slice(Number(templateCount)).map((line) => line.split('"'));
  let at = 0;
  const take = (bytes: number): Buffer => {
    at += bytes;
    return raw.subarray(at - bytes, at);
  };
  const next = columns.map((cells) => {
    let row = 0;
    return (): string => cells[row++] ?? '';
  });
  const [
    nextTemplate,
    nextRecorded,
    nextOccurred,
    nextQuantity,
    nextBefore,
    nextAfter,
    nextAmount,
    nextEvents,
    nextValue,
  ] = next as [
    () => string,
    () => string,
    () => string,
    () => string,
    () => string,
    () => string,
    () => string,
    () => string,
    () => string,
  ];

  const followers = new Map<number, number>();
  const charges = new Map<number, Members>();
  const values: string[] = [];
  const texts: string[] = [];
  let which = -1;
  let prev = page.toString('base64url', 9, 41);
  let recordedAt = '';
  let occurredAt = '';
  for (let i = 0; i < Number(count); i++) {
    const cell = nextTemplate();
    const now = cell === '' ? followers.get(which)! : Number(cell);
    followers.set(which, now);
    which = now;
    const [kind = '', ...steady] = templates[which]!;
    const aggregation = kind === 'charge' ? steady[0]! : '';
    const moving = new Set([...MOVING, ...(kind === 'charge' ? MOVING_IN_CHARGES : [])]);
    if (aggregation === 'unique_count') moving.add('value_commit');
    const entry: Members = { ledger, tenant, typ: kind, v: '1', prev, seq: String(Number(seq) + i) };
    for (const name of MEMBERS[kind]!.split(' ').sort()) {
      if (name !== '' && !moving.has(name)) entry[name] = steady.shift()!;
    }
    const recorded = nextRecorded();
    recordedAt = recordedAt.slice(0, recordedAt.length - recorded.length) + recorded;
    entry['recorded_at'] = recordedAt;
    entry['blind'] = take(16).toString('base64url');
    if (kind === 'charge') {
      const before = charges.get(which);
      const occurred = nextOccurred();
      occurredAt = occurredAt.slice(0, occurredAt.length - occurred.length) + occurred;
      entry['occurred_at'] = occurredAt;
      let id = take(Number(idBytes));
      if (id.length === 16) {
        const rest = sha256(`event-id/v1\n${id.toString('base64url')}\n${occurredAt}`).subarray(0, 16);
        id = Buffer.concat([id, rest]);
      }
      entry['event_id'] = id.toString('base64url');
      entry['event_commit'] = take(32).toString('base64url');
      let isNew = false;
      if (aggregation === 'unique_count') {
        const known = nextValue();
        isNew = known === '';
        if (isNew) values.push(take(32).toString('base64url'));
        entry['value_commit'] = isNew ? values.at(-1)! : values[Number(known)]!;
      }
      entry['quantity'] = nextQuantity() || before!['quantity']!;
      entry['aggregate_before'] = nextBefore() || (before?.['aggregate_after'] ?? '0');
      const expected =
        aggregation === 'sum' || aggregation === 'count'
          ? () => add(entry['aggregate_before']!, entry['quantity']!)
          : aggregation === 'last'
            ? () => entry['quantity']!
            : () => (isNew ? add(entry['aggregate_before']!, '1') : entry['aggregate_before']!);
      entry['aggregate_after'] = nextAfter() || expected();
      entry['amount'] = nextAmount();
      entry['events_before'] =
        nextEvents() || (before === undefined ? '0' : String(Number(before['events_before']) + 1));
      charges.set(which, entry);
    }
    const text = canonicalize(entry)!;
    texts.push(text);
    prev = sha256(`\0${text}`).toString('base64url');
  }
  if (prev !== page.toString('base64url', 41, 73)) throw new Error('the last entry is another');
  return texts;
}
