import { FORMS, type Form } from './forms.ts';
import {
  ENTRY_KINDS,
  type Entry,
  type EntryKind,
  type EntryOf,
  HEAD_FIELDS,
  type HeadLine,
  SEAL_FIELDS,
  type SealRecord,
} from './kinds.ts';

/** A record is at most this long, so no reader has to trust a length it was given. */
export const RECORD_MAX_BYTES = 2048;

/** The text is no canonical record of the kind it claims. */
export class Unreadable extends Error {
  constructor(detail: string) {
    super(detail);
    this.name = 'Unreadable';
  }
}

/** One kind's fields in canonical order, with what stands before each value when it is written. */
interface Layout {
  readonly names: readonly string[];
  readonly openings: readonly string[];
  readonly forms: readonly Form[];
  readonly tests: readonly ((text: string) => boolean)[];
  /** Makes a record of its values in canonical order. */
  readonly build: (values: readonly string[]) => Record<string, string>;
  /** The last value of each field that passed its form: neighbours share most of theirs, and comparing is cheaper. */
  readonly passed: string[];
  readonly stretches: readonly Stretch[];
}

/**
 * Fields that neighbours tend to share, up to where the value of the next other field begins. `text` is what stood there
 * last: one comparison reads the whole stretch when it stands there again.
 */
interface Stretch {
  readonly from: number;
  /** first field after it; its value is read on its own */
  readonly to: number;
  text: string;
}

/** Forms whose values differ from entry to entry, and the fields that differ between a tenant's meters. */
const OWN_FORMS: ReadonlySet<Form> = new Set(['hash', 'blind', 'count', 'quantity', 'amount', 'price_ref']);
const OWN_NAMES: ReadonlySet<string> = new Set(['occurred_at', 'meter']);

const buildOf =
  (names: readonly string[]) =>
  (values: readonly string[]): Record<string, string> => {
    const record: Record<string, string> = {};
    for (let i = 0; i < names.length; i++) record[names[i]!] = values[i]!;
    return record;
  };

/** A charge in one piece: adding 26 members one by one costs more than everything else about reading it. */
const buildCharge = (v: readonly string[]): EntryOf<'charge'> => ({
  aggregate_after: v[0]!,
  aggregate_before: v[1]!,
  aggregation: v[2]!,
  amount: v[3]!,
  billed_in: v[4]!,
  blind: v[5]!,
  currency: v[6]!,
  event_commit: v[7]!,
  event_id: v[8]!,
  events_before: v[9]!,
  ledger: v[10]!,
  meter: v[11]!,
  occurred_at: v[12]!,
  period: v[13]!,
  prev: v[14]!,
  price_digest: v[15]!,
  price_ref: v[16]!,
  quantity: v[17]!,
  rater: v[18]!,
  recorded_at: v[19]!,
  seq: v[20]!,
  subscription: v[21]!,
  tenant: v[22]!,
  typ: 'charge',
  v: v[24]!,
  value_commit: v[25]!,
});

function layoutOf(fields: Readonly<Record<string, Form>>, build?: Layout['build']): Layout {
  const names = Object.keys(fields).sort();
  const openings = names.map((name, index) => `${index === 0 ? '{' : '",'}"${name}":"`);
  const stretches: Stretch[] = [];
  let from = 0;
  for (let to = 0; to <= names.length; to++) {
    const name = names[to];
    if (name !== undefined && !OWN_FORMS.has(fields[name]!) && !OWN_NAMES.has(name)) continue;
    stretches.push({ from, to, text: '' });
    from = to + 1;
  }
  const forms = names.map((name) => fields[name]!);
  const tests = forms.map((form) => FORMS[form]);
  return { names, openings, forms, tests, build: build ?? buildOf(names), passed: names.map(() => ''), stretches };
}

const LAYOUTS = new Map<string, Layout>(
  Object.entries(ENTRY_KINDS).map(([kind, fields]) => [
    kind,
    layoutOf(fields, kind === 'charge' ? buildCharge : undefined),
  ]),
);
const HEAD_LAYOUT = layoutOf(HEAD_FIELDS);
const SEAL_LAYOUT = layoutOf(SEAL_FIELDS);

function write(layout: Layout, record: Readonly<Record<string, string>>): string {
  let text = '';
  const { names, openings } = layout;
  for (let i = 0; i < names.length; i++) text += openings[i]! + record[names[i]!]!;
  text += '"}';
  return text;
}

/** @throws Unreadable where a value is not of its field's form */
function requireForm(layout: Layout, field: number, value: string | undefined, what: string): void {
  if (value === undefined || !layout.tests[field]!(value)) {
    throw new Unreadable(`${layout.names[field]} of the ${what} is not a ${layout.forms[field]}`);
  }
}

/** Checks a value that was read, and remembers it. Only reading remembers: a stretch is as good as its fields' memory. */
function pass(layout: Layout, field: number, value: string, what: string): void {
  if (value !== '' && value === layout.passed[field]) return;
  requireForm(layout, field, value, what);
  layout.passed[field] = value;
}

/**
 * Reads a flat object of string members strictly: exactly the layout's members, in canonical order, nothing else in the
 * text. What it accepts is byte for byte what `write` would write, so no second serialization is needed to compare.
 */
function read(layout: Layout, text: string, what: string): Record<string, string> {
  if (text.length > RECORD_MAX_BYTES) throw new Unreadable(`the ${what} is longer than ${RECORD_MAX_BYTES} bytes`);
  const { names, openings, stretches } = layout;
  let at = 0;
  for (const stretch of stretches) {
    if (stretch.text !== '' && text.startsWith(stretch.text, at)) {
      at += stretch.text.length;
    } else {
      const begin = at;
      // While it is being read, a stretch stands for nothing: an error must not leave half of it behind.
      stretch.text = '';
      for (let i = stretch.from; i < stretch.to; i++) {
        at = skip(text, openings[i]!, at, names[i]!, what);
        const value = valueAt(text, at, names[i]!, what);
        pass(layout, i, value, what);
        at += value.length;
      }
      const next = openings[stretch.to];
      at =
        next === undefined ? skip(text, CLOSING, at, 'the end', what) : skip(text, next, at, names[stretch.to]!, what);
      stretch.text = text.slice(begin, at);
    }
    if (stretch.to === names.length) break;
    const value = valueAt(text, at, names[stretch.to]!, what);
    pass(layout, stretch.to, value, what);
    at += value.length;
  }
  if (at !== text.length) throw new Unreadable(`the ${what} goes on after its end`);
  // Every field has passed just now, so what passed last is this record.
  return layout.build(layout.passed);
}

const CLOSING = '"}';

function skip(text: string, opening: string, at: number, name: string, what: string): number {
  if (text.startsWith(opening, at)) return at + opening.length;
  throw new Unreadable(`${name} is not where a ${what} has it`);
}

function valueAt(text: string, at: number, name: string, what: string): string {
  const end = text.indexOf('"', at);
  if (end < 0) throw new Unreadable(`${name} of the ${what} does not end`);
  return text.slice(at, end);
}

/** Writes an entry as its canonical text (RFC 8785), without a newline. @throws Unreadable where a field breaks its form */
export function writeEntry<K extends EntryKind>(entry: EntryOf<K>): string {
  const layout = LAYOUTS.get(entry.typ)!;
  const text = write(layout, entry as Readonly<Record<string, string>>);
  for (let i = 0; i < layout.names.length; i++) {
    requireForm(layout, i, (entry as Readonly<Record<string, string>>)[layout.names[i]!], entry.typ);
  }
  if (text.length > RECORD_MAX_BYTES) throw new Unreadable(`the ${entry.typ} is longer than ${RECORD_MAX_BYTES} bytes`);
  return text;
}

/**
 * Writes a charge without checking forms again: every value comes from a typed source that was parsed at the edge.
 * The reconciliation reads back everything that is written this way.
 */
export const writeCharge = (entry: EntryOf<'charge'>): string => write(CHARGE_LAYOUT, entry);
const CHARGE_LAYOUT = LAYOUTS.get('charge')!;

/** Reads an entry from its canonical text. @throws Unreadable */
export function readEntry(text: string): Entry {
  // `typ` tells the layout. A text that only seems to have one does not survive the reading.
  // It stands near the end of the long kinds.
  const at = text.lastIndexOf(TYP);
  const kind = at < 0 ? '' : text.slice(at + TYP.length, text.indexOf('"', at + TYP.length));
  const layout = LAYOUTS.get(kind);
  if (layout === undefined) throw new Unreadable('the entry names no known kind');
  const entry = read(layout, text, kind);
  if (layout.passed[layout.names.indexOf('typ')] !== kind) throw new Unreadable('the entry names two kinds');
  return entry as Entry;
}

const TYP = '"typ":"';

export const writeHead = (head: HeadLine): string => write(HEAD_LAYOUT, head);
export const writeSeal = (seal: SealRecord): string => write(SEAL_LAYOUT, seal);

/** Reads a head line. @throws Unreadable */
export function readHead(text: string): HeadLine {
  const head = read(HEAD_LAYOUT, text, 'head');
  if (head['typ'] !== 'head') throw new Unreadable('the record is not a head');
  return head as HeadLine;
}

/** Reads a seal record. @throws Unreadable */
export function readSeal(text: string): SealRecord {
  const seal = read(SEAL_LAYOUT, text, 'seal');
  if (seal['typ'] !== 'seal') throw new Unreadable('the record is not a seal');
  return seal as SealRecord;
}
