import canonicalize from 'canonicalize';
import type { Form } from '../../shared/domain/ledger/forms.ts';
import {
  ENTRY_KINDS,
  type Entry,
  type EntryKind,
  HEAD_FIELDS,
  type HeadLine,
  SEAL_FIELDS,
  type SealRecord,
} from '../../shared/domain/ledger/kinds.ts';
import { FORM_SAMPLES } from './form-samples.ts';

export type Fields = Readonly<Record<string, Form>>;
export type RecordKind = EntryKind | 'head' | 'seal';

/** The members of every kind of record, by its `typ`. */
export const RECORD_KINDS: Readonly<Record<RecordKind, Fields>> = {
  ...ENTRY_KINDS,
  head: HEAD_FIELDS,
  seal: SEAL_FIELDS,
};
export const KINDS = Object.keys(RECORD_KINDS) as RecordKind[];
export const ENTRY_KIND_NAMES = Object.keys(ENTRY_KINDS) as EntryKind[];

/** A record of a kind whose values are the samples of their forms that `turn` points at. */
export function sampleRecord(kind: RecordKind, turn = 0): Record<string, string> {
  const members = Object.entries(RECORD_KINDS[kind]).map(([name, form], at) => {
    const { good } = FORM_SAMPLES[form];
    return [name, name === 'typ' ? kind : good[(turn + at) % good.length]!] as const;
  });
  return Object.fromEntries(members);
}

export const sampleEntry = (kind: EntryKind, turn = 0): Entry => sampleRecord(kind, turn) as Entry;
export const sampleHead = (turn = 0): HeadLine => sampleRecord('head', turn) as HeadLine;
export const sampleSeal = (turn = 0): SealRecord => sampleRecord('seal', turn) as SealRecord;

/** The text of any JSON value as an independent implementation of RFC 8785 writes it. */
export const canonicalText = (value: unknown): string => canonicalize(value) ?? '';

/** Writes members in the order given, as they are: what a forger would write. */
export const textOf = (members: readonly (readonly [name: string, value: string])[]): string =>
  `{${members.map(([name, value]) => `"${name}":"${value}"`).join(',')}}`;

/** The members of a record in canonical order. */
export const membersOf = (record: Readonly<Record<string, string>>): [name: string, value: string][] =>
  Object.keys(record)
    .sort()
    .map((name) => [name, record[name]!]);
