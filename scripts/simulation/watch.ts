import { hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { unpackPage } from '../../shared/domain/ledger/page.ts';
import type { Counts } from './counts.ts';
import { type Kernel, Violation } from './kernel.ts';
import type { Model } from './model.ts';
import type { MirrorPages, VaultObjects } from './ports/copies.ts';
import { type Change, keyText, type Row, rowAt, type State } from './ports/tables.ts';

type Entry = Readonly<Record<string, string>>;

/** One tenant's log as its commits have shown it. */
export interface SeenLog {
  readonly entries: Entry[];
  last: string;
  /** billed quantities, in 10^0 units, with the entry that billed them */
  readonly charges: Map<number, Entry>;
  /** units billed, by the period they were used in */
  readonly used: Map<string, number>;
  /** the sum of open buckets' amounts, in minor units, by the period they are billed in */
  readonly open: Map<string, number>;
  readonly closed: Set<string>;
}

/** When a page was committed, and whether the mirror has it. */
interface PageTimes {
  readonly committed: number;
  mirrored: number | undefined;
}

/** Hash of a leaf (RFC 9162 section 2.1.1), by hand. */
const leafHash = (text: string): string => hash('sha256', `\0${text}`, 'base64url');

const broken = (rule: string, detail: string): never => {
  throw new Violation(rule, detail);
};

/** Amounts in entries are decimal strings in the main unit; prices of the simulation are whole cents. */
export function centsOf(text: string): number {
  const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) return broken('amounts', `${text} is no whole number of cents`);
  const [, sign, whole, part = ''] = match;
  const cents = Number(whole) * 100 + Number(part.padEnd(2, '0'));
  return sign === '-' ? -cents : cents;
}

const twelve = (n: number): string => String(n).padStart(12, '0');
/** Where the vault keeps a seal and its heads, and as which bytes (docs/receipt-format.md). */
export const sealObject = (n: number): string => `seals/${twelve(n)}.json`;
export const headsObject = (n: number): string => `heads/${twelve(n)}.zst`;
export const sealText = (row: Row): Buffer =>
  Buffer.from(JSON.stringify({ jws: String(row['jws']), record: String(row['record']) }), 'utf8');

/** SHA-256 over what a commit has changed, for traces. */
export const digestOf = (changes: readonly Change[]): string =>
  hash(
    'sha256',
    JSON.stringify(changes, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    ),
    'hex',
  );

const isWaiting = (tenant: string, state: State): boolean =>
  state.get('waiting')!.rows.some((row) => row['tenant'] === tenant);

/** Looks at every commit and every copy as it happens, and knows nothing of how they came about. */
export class Watch {
  readonly logs = new Map<string, SeenLog>();
  readonly pages = new Map<string, PageTimes>();
  readonly #kernel: Kernel;
  readonly #counts: Counts;
  readonly #model: Model;
  readonly #vault: VaultObjects;
  readonly #issued: string[] = [];
  /** sizes by blinded tenant */
  readonly #sealed = new Map<string, number>();
  #seals = 0;

  constructor(kernel: Kernel, counts: Counts, model: Model, vault: VaultObjects) {
    this.#kernel = kernel;
    this.#counts = counts;
    this.#model = model;
    this.#vault = vault;
  }

  logOf(tenant: string): SeenLog {
    let log = this.logs.get(tenant);
    if (log === undefined) {
      log = { entries: [], last: '', charges: new Map(), used: new Map(), open: new Map(), closed: new Set() };
      this.logs.set(tenant, log);
    }
    return log;
  }

  /** @throws Violation */
  committed(changes: readonly Change[], state: State): void {
    for (const change of changes) this.#changed(change, changes);
    for (const { table, after } of changes) if (table === 'heads') this.#head(after!, changes, state);
    for (const change of changes) if (change.table === 'invoices') this.#invoice(change, state);
  }

  #changed({ table, before, after }: Change, all: readonly Change[]): void {
    switch (table) {
      case 'pages':
        if (before !== undefined) broken('pages', `a page of ${String(before['tenant'])} was changed`);
        if (!all.some((other) => other.table === 'heads')) broken('pages', 'a page was written without the head');
        break;
      case 'dedupe':
        // An upsert over a row that still counts: the same key was taken in twice.
        if (before !== undefined) broken('I1', `an idempotency key was taken twice by ${String(after?.['tenant'])}`);
        break;
      case 'batches':
        if (before !== undefined && before['first_seq'] !== null && after?.['first_seq'] !== before['first_seq'])
          broken('I1', `batch ${String(before['batch_id'])} was billed twice`);
        break;
      case 'limit_counters':
        this.#limit(before, after);
        break;
      case 'freezes':
        broken(
          'false alarm',
          `${String(after?.['tenant'])} was frozen: ${String(after?.['kind'])}, ${String(after?.['detail'])}`,
        );
        break;
      case 'seals':
        this.#seal(before, after);
        break;
      default:
    }
  }

  #limit(before: Row | undefined, after: Row | undefined): void {
    const used = Number(after?.['used']);
    if (used > this.#model.limit) broken('I15', `${used} units are counted, the limit is ${this.#model.limit}`);
    if (used < Number(before?.['used'] ?? 0)) broken('I18', 'a counter of a limit went back');
    if (used === this.#model.limit) this.#counts.note('a limit was used up to the last unit');
  }

  #seal(before: Row | undefined, after: Row | undefined): void {
    if (after === undefined) return broken('seals', 'a seal was deleted');
    const n = Number(after['n']);
    if (before === undefined) {
      if (n !== this.#seals) broken('seals', `seal ${n} came after ${this.#seals} seals`);
      this.#seals++;
      this.#sealedHeads(n, after['heads'] as Uint8Array);
      return;
    }
    if (before['record'] !== after['record']) broken('seals', `the record of seal ${n} was changed`);
    if (before['jws'] !== null && before['jws'] !== after['jws'])
      broken('seals', `seal ${n} was signed again otherwise`);
    if (before['published_at'] === null && after['published_at'] !== null) {
      const held = this.#vault.bytesOf(sealObject(n));
      if (held === undefined || Buffer.compare(held, sealText(after)) !== 0)
        broken(
          'seals',
          `seal ${n} is called published and the vault ${held === undefined ? 'lacks it' : 'holds another'}`,
        );
    }
  }

  /** No log is shorter in a seal than in the one before. */
  #sealedHeads(n: number, packed: Uint8Array): void {
    for (const line of zstdDecompressSync(packed).toString('latin1').split('\n')) {
      const { tenant = '', size } = JSON.parse(line) as Entry;
      if (Number(size) < (this.#sealed.get(tenant) ?? 0)) broken('seals', `a log is shorter in seal ${n} than before`);
      this.#sealed.set(tenant, Number(size));
    }
  }

  #head(after: Row, changes: readonly Change[], state: State): void {
    const tenant = String(after['tenant']);
    const log = this.logOf(tenant);
    const had = log.entries.length;
    const pages = changes
      .filter((change) => change.table === 'pages' && change.after?.['tenant'] === tenant)
      .map((change) => change.after!)
      .sort((a, b) => Number(a['first_seq']) - Number(b['first_seq']));
    for (const page of pages) {
      const firstSeq = Number(page['first_seq']);
      if (firstSeq !== log.entries.length)
        broken('I9', `a page of ${tenant} begins at ${firstSeq}, the log has ${log.entries.length} entries`);
      for (const text of unpackPage(page['bytes'] as Uint8Array)) this.#entry(tenant, log, text);
      this.pages.set(`${tenant} ${firstSeq}`, { committed: this.#kernel.nowMicros, mirrored: undefined });
    }
    if (Number(after['size']) !== log.entries.length)
      broken('I9', `the head of ${tenant} says ${Number(after['size'])}, the log has ${log.entries.length} entries`);
    if (after['last'] !== log.last) broken('I9', `the head of ${tenant} names another last entry`);
    if (log.entries.slice(had).some(({ typ }) => typ === 'close') && isWaiting(tenant, state))
      broken('invoices', `a period of ${tenant} was closed before usage that had been accepted`);
    this.#aggregates(tenant, log, state);
  }

  #entry(tenant: string, log: SeenLog, text: string): void {
    const entry = JSON.parse(text) as Entry;
    const seq = log.entries.length;
    if (entry['seq'] !== String(seq)) broken('I9', `entry ${seq} of ${tenant} says it is ${entry['seq']}`);
    if (entry['tenant'] !== tenant) broken('I9', `entry ${seq} of ${tenant} is ${entry['tenant']}'s`);
    if (seq > 0 && entry['prev'] !== log.last) broken('I9', `entry ${seq} of ${tenant} does not follow the one before`);
    const before = log.entries.at(-1);
    if (before !== undefined && entry['recorded_at']! < before['recorded_at']!)
      broken('I9', `entry ${seq} of ${tenant} is recorded before the one before`);
    log.entries.push(entry);
    log.last = leafHash(text);
    if (entry['typ'] === 'charge') this.#charge(tenant, log, entry);
    if (entry['typ'] === 'close') {
      const period = entry['period']!;
      if (log.closed.has(period)) broken('I1', `period ${period} of ${tenant} was closed twice`);
      log.closed.add(period);
    }
  }

  #charge(tenant: string, log: SeenLog, entry: Entry): void {
    const quantity = Number(entry['quantity']);
    const event = this.#model.eventOf(quantity);
    if (event === undefined || event.tenant !== tenant)
      broken('I1', `${tenant} is charged ${quantity}, which nobody sent`);
    if (log.charges.has(quantity)) broken('I1', `${tenant} is charged ${quantity} twice`);
    log.charges.set(quantity, entry);
    const period = entry['period']!;
    const used = (log.used.get(period) ?? 0) + quantity;
    log.used.set(period, used);
    if (used > this.#model.limit)
      broken('I15', `${tenant} is billed ${used} in ${period}, the limit is ${this.#model.limit}`);
    const billedIn = entry['billed_in']!;
    if (log.closed.has(billedIn)) broken('I1', `${tenant} is charged in ${billedIn}, which is closed`);
    log.open.set(billedIn, (log.open.get(billedIn) ?? 0) + centsOf(entry['amount']!));
    if (billedIn !== period) this.#counts.note('usage of a closed period was billed in the next one');
  }

  /** Running sums are what the entries add up to. */
  #aggregates(tenant: string, log: SeenLog, state: State): void {
    for (const row of state.get('aggregates')!.rows) {
      if (row['tenant'] !== tenant) continue;
      const used = log.used.get(String(row['period'])) ?? 0;
      if (Number(row['value']) !== used)
        broken(
          'I7',
          `${tenant} has used ${used} in ${String(row['period'])}, the aggregate says ${String(row['value'])}`,
        );
    }
  }

  #invoice({ before, after }: Change, state: State): void {
    if (after === undefined) return broken('invoices', 'an invoice was deleted');
    const number = String(after['number']);
    const tenant = String(after['tenant']);
    if (before !== undefined) {
      for (const name of ['total', 'period', 'close_seq', 'document'])
        if (String(before[name]) !== String(after[name])) broken('invoices', `${name} of ${number} was changed`);
      return;
    }
    this.#issued.push(number);
    const expected = `${number.slice(0, -6)}${String(this.#issued.length).padStart(6, '0')}`;
    if (number !== expected) broken('dense numbers', `${number} was issued, ${expected} was next`);
    const log = this.logOf(tenant);
    const period = String(after['period']);
    if (!log.closed.has(period)) broken('invoices', `${number} bills ${period}, which is open`);
    const folded = log.open.get(period) ?? 0;
    if (String(after['total']) !== String(folded))
      broken('invoices', `${number} bills ${String(after['total'])}, its receipts come to ${folded}`);
    log.open.delete(period);
    this.#counts.note('an invoice was issued');
    if (rowAt(state.get('unarchived')!, keyText([tenant, number])) === undefined)
      broken('invoices', `${number} has no row for its evidence`);
  }

  /** The mirror has only what the log has, byte for byte. @throws Violation */
  mirrored(tenant: string, firstSeq: number, bytes: Uint8Array, state: State): void {
    const page = rowAt(state.get('pages')!, keyText([tenant, firstSeq]));
    if (page === undefined)
      return broken('I12', `the mirror has a page ${firstSeq} of ${tenant} that was never committed`);
    if (Buffer.compare(page['bytes'] as Uint8Array, bytes) !== 0)
      broken('I12', `the mirror's page ${firstSeq} of ${tenant} is another than the log's`);
    this.pages.get(`${tenant} ${firstSeq}`)!.mirrored = this.#kernel.nowMicros;
  }

  /** How long the mirror was behind after an instant, at most, in microseconds. @throws Violation where it still is */
  mirrorLag(healed: number, mirror: MirrorPages): number {
    let longest = 0;
    for (const [name, { committed, mirrored }] of this.pages) {
      const [tenant = '', seq = ''] = name.split(' ');
      if (mirrored === undefined || !mirror.of(tenant).has(Number(seq)))
        return broken('I14', `the mirror never got page ${seq} of ${tenant}`);
      longest = Math.max(longest, mirrored - Math.max(committed, healed));
    }
    return longest;
  }
}
