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
  /** The last value of each field that passed its form: neighbours share most of theirs, and comparing is cheaper. */
  readonly passed: string[];
  /** The number of pieces `text.split('"')` gives: four per field and one more. */
  readonly pieces: number;
}

function layoutOf(fields: Readonly<Record<string, Form>>): Layout {
  const names = Object.keys(fields).sort();
  return {
    names,
    openings: names.map((name, index) => `${index === 0 ? '{' : '",'}"${name}":"`),
    forms: names.map((name) => fields[name]!),
    passed: names.map(() => ''),
    pieces: 4 * names.length + 1,
  };
}

const LAYOUTS = new Map<string, Layout>(Object.entries(ENTRY_KINDS).map(([kind, fields]) => [kind, layoutOf(fields)]));
const HEAD_LAYOUT = layoutOf(HEAD_FIELDS);
const SEAL_LAYOUT = layoutOf(SEAL_FIELDS);

/** Printable ASCII without `"` and `\`: then JSON needs no escape and RFC 8785 has one way to write the text. */
const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

function write(layout: Layout, record: Readonly<Record<string, string>>): string {
  let text = '';
  const { names, openings } = layout;
  for (let i = 0; i < names.length; i++) text += openings[i]! + record[names[i]!]!;
  text += '"}';
  return text;
}

function check(layout: Layout, field: number, value: string | undefined, what: string): void {
  if (value !== undefined && value !== '' && value === layout.passed[field]) return;
  const form = layout.forms[field]!;
  if (value === undefined || !FORMS[form](value)) {
    throw new Unreadable(`${layout.names[field]} of the ${what} is not a ${form}`);
  }
  layout.passed[field] = value;
}

/**
 * Reads a flat object of string members strictly: exactly the layout's members, in canonical order, nothing else in the
 * text. What it accepts is byte for byte what `write` would write, so no second serialization is needed to compare.
 */
function read(layout: Layout, text: string, pieces: readonly string[], what: string): Record<string, string> {
  if (pieces.length !== layout.pieces) throw new Unreadable(`a ${what} has ${layout.names.length} fields, in order`);
  const record: Record<string, string> = {};
  for (let i = 0, at = 0; i < layout.names.length; i++, at += 4) {
    const name = layout.names[i]!;
    const value = pieces[at + 3]!;
    if (pieces[at] !== (i === 0 ? '{' : ',') || pieces[at + 1] !== name || pieces[at + 2] !== ':') {
      throw new Unreadable(`field ${i + 1} of a ${what} is ${name}`);
    }
    check(layout, i, value, what);
    record[name] = value;
  }
  if (pieces[pieces.length - 1] !== '}') throw new Unreadable(`the ${what} goes on after its end`);
  if (text.length > RECORD_MAX_BYTES) throw new Unreadable(`the ${what} is longer than ${RECORD_MAX_BYTES} bytes`);
  return record;
}

/** Splits a record at its quotes. Without a backslash every quote is a delimiter. */
function split(text: string): string[] {
  // Twice the limit is far too long; do not even split it.
  if (text.length > RECORD_MAX_BYTES) throw new Unreadable(`a record is at most ${RECORD_MAX_BYTES} bytes`);
  return text.split('"');
}

/** Writes an entry as its canonical text (RFC 8785), without a newline. @throws Unreadable where a field breaks its form */
export function writeEntry<K extends EntryKind>(entry: EntryOf<K>): string {
  const layout = LAYOUTS.get(entry.typ)!;
  const text = write(layout, entry as Readonly<Record<string, string>>);
  for (let i = 0; i < layout.names.length; i++) {
    check(layout, i, (entry as Readonly<Record<string, string>>)[layout.names[i]!], entry.typ);
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
  const pieces = split(text);
  // `typ` tells the layout; its place differs by kind, so it is looked for among the names.
  let at = 1;
  while (at < pieces.length && pieces[at] !== 'typ') at += 4;
  const kind = pieces[at + 2];
  const layout = kind === undefined ? undefined : LAYOUTS.get(kind);
  if (layout === undefined) throw new Unreadable('the entry names no known kind');
  return read(layout, text, pieces, kind!) as Entry;
}

export const writeHead = (head: HeadLine): string => write(HEAD_LAYOUT, head);
export const writeSeal = (seal: SealRecord): string => write(SEAL_LAYOUT, seal);

/** Reads a head line. @throws Unreadable */
export function readHead(text: string): HeadLine {
  const head = read(HEAD_LAYOUT, text, split(text), 'head');
  if (head['typ'] !== 'head') throw new Unreadable('the record is not a head');
  return head as HeadLine;
}

/** Reads a seal record. @throws Unreadable */
export function readSeal(text: string): SealRecord {
  const seal = read(SEAL_LAYOUT, text, split(text), 'seal');
  if (seal['typ'] !== 'seal') throw new Unreadable('the record is not a seal');
  return seal as SealRecord;
}

/** Whether a text can stand as a field's value at all. */
export const isPlain = (text: string): boolean => PLAIN.test(text);
