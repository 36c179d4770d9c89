import assert from 'node:assert/strict';
import { FORMS } from '../../shared/domain/ledger/forms.ts';
import type { EntryOf } from '../../shared/domain/ledger/kinds.ts';
import {
  RECORD_MAX_BYTES,
  readEntry,
  readHead,
  readSeal,
  Unreadable,
  writeCharge,
  writeEntry,
  writeHead,
  writeSeal,
} from '../../shared/domain/ledger/record.ts';
import { FORBIDDEN, FORM_SAMPLES } from '../support/form-samples.ts';
import {
  canonicalText,
  ENTRY_KIND_NAMES,
  KINDS,
  membersOf,
  RECORD_KINDS,
  type RecordKind,
  sampleEntry,
  sampleHead,
  sampleRecord,
  sampleSeal,
  textOf,
} from '../support/sample-records.ts';

const reading = (kind: RecordKind): ((text: string) => object) =>
  kind === 'head' ? readHead : kind === 'seal' ? readSeal : readEntry;
const isReadable = (kind: RecordKind, text: string): boolean => {
  try {
    reading(kind)(text);
    return true;
  } catch (error) {
    assert.ok(error instanceof Unreadable, String(error));
    return false;
  }
};
const refuses = (kind: RecordKind, text: string, says: string): void =>
  assert.ok(!isReadable(kind, text), `${says}: ${text}`);

const samples = KINDS.map((kind) => {
  const members = membersOf(sampleRecord(kind));
  return { kind, members, text: textOf(members) };
});

describe('a ledger record', () => {
  it('of every kind is written as RFC 8785 writes the same object, and read back', () => {
    assert.equal(KINDS.length, 25); // 23 entry kinds, head and seal
    for (const turn of [0, 1, 2, 3, 4]) {
      for (const kind of ENTRY_KIND_NAMES) {
        const entry = sampleEntry(kind, turn);
        const text = writeEntry(entry);
        assert.equal(text, canonicalText(entry), kind);
        assert.deepEqual(readEntry(text), entry, kind);
      }
      assert.equal(writeHead(sampleHead(turn)), canonicalText(sampleHead(turn)));
      assert.deepEqual(readHead(writeHead(sampleHead(turn))), sampleHead(turn));
      assert.equal(writeSeal(sampleSeal(turn)), canonicalText(sampleSeal(turn)));
      assert.deepEqual(readSeal(writeSeal(sampleSeal(turn))), sampleSeal(turn));
    }
  });

  it('of a charge is written the same by the writer that checks no forms again', () => {
    const charge = sampleEntry('charge') as EntryOf<'charge'>;
    assert.equal(writeCharge(charge), writeEntry(charge));
  });

  it('is at most 2048 bytes long: the longest values of the largest kind stay below', () => {
    assert.equal(RECORD_MAX_BYTES, 2048);
    for (const kind of KINDS) {
      const longest = Object.entries(RECORD_KINDS[kind]).map(([name, form]) => {
        const [value] = [...FORM_SAMPLES[form].good].sort((a, b) => b.length - a.length);
        return [name, name === 'typ' ? kind : value!] as const;
      });
      const text = canonicalText(Object.fromEntries(longest));
      assert.ok(text.length <= 2048, `${kind}: ${text.length}`);
      assert.ok(isReadable(kind, text), kind);
    }
  });

  it('with any one byte changed is refused, or is another record whose text has that very byte', () => {
    for (const kind of ['genesis', 'head'] as const) {
      const text = canonicalText(sampleRecord(kind, 2));
      for (let at = 0; at < text.length; at++) {
        for (let byte = 0; byte < 256; byte++) {
          if (byte === text.charCodeAt(at)) continue;
          assertNeverTheSame(kind, text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1));
        }
      }
    }
  });

  it('of a charge with any one character changed, left out or put in is refused or another record', () => {
    const text = canonicalText(sampleRecord('charge', 2));
    for (let at = 0; at <= text.length; at++) {
      for (const character of ['"', '\\', ',', ':', '{', '}', ' ', '0', '1', 'A', 'a', '-', '.', '\0', 'é']) {
        if (text[at] !== character) assertNeverTheSame('charge', text.slice(0, at) + character + text.slice(at + 1));
        assertNeverTheSame('charge', text.slice(0, at) + character + text.slice(at));
      }
      if (at < text.length) assertNeverTheSame('charge', text.slice(0, at) + text.slice(at + 1));
    }
  });

  function assertNeverTheSame(kind: RecordKind, changed: string): void {
    let record: object;
    try {
      record = reading(kind)(changed);
    } catch (error) {
      if (error instanceof Unreadable) return;
      throw error;
    }
    // The record that was read is the one JSON sees, and its canonical text is these bytes: no two texts read alike.
    assert.equal(canonicalText(record), changed);
    assert.deepEqual(record, JSON.parse(changed));
  }

  it('is refused without any of its fields, and with one too many', () => {
    for (const { kind, members } of samples) {
      for (let at = 0; at < members.length; at++) {
        refuses(kind, textOf(members.toSpliced(at, 1)), `without ${members[at]![0]}`);
        refuses(kind, textOf(members.toSpliced(at, 0, members[at]!)), `${members[at]![0]} twice`);
        refuses(kind, textOf(members.with(at, [`${members[at]![0]}x`, members[at]![1]])), 'renamed');
      }
      for (const name of ['', 'a', 'note', 'zz', '__proto__', 'constructor', 'toString']) {
        const more = [...members, [name, '1'] as [string, string]];
        refuses(kind, textOf(more), `${name} at the end`);
        refuses(kind, textOf(more.toReversed()), `${name} at the front`);
        refuses(kind, canonicalText(Object.fromEntries(more)), `${name} in its place`);
      }
    }
  });

  it('is refused with two neighbouring fields swapped', () => {
    for (const { kind, members } of samples) {
      for (let at = 0; at < members.length - 1; at++) {
        const [one, other] = [members[at]!, members[at + 1]!];
        refuses(kind, textOf(members.with(at, other).with(at + 1, one)), `${one[0]} and ${other[0]} swapped`);
      }
    }
  });

  it('is refused with a value that is not of its field, right after one that was, and again', () => {
    for (const { kind, members, text } of samples) {
      for (const [at, [name]] of members.entries()) {
        const form = RECORD_KINDS[kind][name]!;
        const bad = [...FORM_SAMPLES[form].bad, ...(FORMS[form]('') ? [] : [''])];
        for (const value of bad) {
          if (canonicalText(value) !== `"${value}"`) continue; // what needs an escape comes below
          const spoiled = textOf(members.with(at, [name, value]));
          assert.ok(isReadable(kind, text));
          refuses(kind, spoiled, `${name} after a good one`);
          refuses(kind, spoiled, `${name} a second time`);
          assert.ok(isReadable(kind, text), 'and the good one is as good as before');
        }
      }
    }
  });

  it('is refused with a character no value may hold, raw or escaped', () => {
    for (const { kind, members, text } of samples) {
      for (const [at, [name, value]] of members.entries()) {
        for (const character of FORBIDDEN) refuses(kind, textOf(members.with(at, [name, value + character])), name);
        if (value === '') continue;
        // JSON.parse would read the same record from this.
        const escaped = `\\u${value.charCodeAt(0).toString(16).padStart(4, '0')}${value.slice(1)}`;
        const other = textOf(members.with(at, [name, escaped]));
        assert.deepEqual(JSON.parse(other), JSON.parse(text));
        refuses(kind, other, `${name} escaped`);
        const escapedName = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
        refuses(kind, textOf(members.with(at, [escapedName, value])), `the name ${name} escaped`);
      }
    }
  });

  it('is refused with anything but a string for a value', () => {
    for (const { kind, members, text } of samples) {
      for (const [name, value] of members) {
        for (const other of [value, '1', '-0', '1.0', '1e3', '05', 'null', 'true', '[]', '{}', `["${value}"]`]) {
          refuses(
            kind,
            text.replace(`"${name}":"${value}"`, () => `"${name}":${other}`),
            `${name} as ${other}`,
          );
        }
      }
    }
  });

  it('is refused with white space, a byte-order mark, a newline or a second record around it', () => {
    for (const { kind, text } of samples) {
      for (const other of [
        ` ${text}`,
        `${text} `,
        `${text}\n`,
        `\ufeff${text}`,
        `${text}${text}`,
        `${text},`,
        `[${text}]`,
        `"${text}"`,
        text.replace(':', ': '),
        text.replace(',', ', '),
        text.replace('{', '{ '),
        text.replace(/}$/, ' }'),
        text.replace('{"', '{,"'),
        text.replace(/"}$/, '",}'),
        text.slice(1),
        text.slice(0, -1),
        text.slice(0, -2),
        '',
        '{}',
        'null',
        '[]',
        '""',
      ]) {
        refuses(kind, other, 'around');
      }
    }
  });

  it('is refused under the name of another kind', () => {
    for (const { kind, members } of samples) {
      for (const other of [...KINDS, 'Charge', '', 'constructor', '__proto__']) {
        // Two kinds of the same members are told apart by their name alone.
        if (other === kind || sameMembers(kind, other)) continue;
        const renamed = members.map(([name, value]): [string, string] => [name, name === 'typ' ? other : value]);
        refuses(kind, textOf(renamed), other);
      }
    }
  });

  it('of one kind is not read where another is expected', () => {
    const head = writeHead(sampleHead());
    const seal = writeSeal(sampleSeal());
    const genesis = writeEntry(sampleEntry('genesis'));
    for (const [read, texts] of [
      [readHead, [seal, genesis]],
      [readSeal, [head, genesis]],
      [readEntry, [head, seal]],
    ] as const) {
      for (const text of texts) assert.throws(() => read(text), Unreadable);
    }
  });

  it('is refused by its length before anything is looked at', () => {
    const long = textOf(membersOf({ ...sampleRecord('invoice'), number: 'n'.repeat(2048) }));
    assert.throws(() => readEntry(long), /longer than 2048 bytes/);
    assert.throws(() => readEntry('"typ":"invoice"'.repeat(500_000)), /longer than 2048 bytes/);
    assert.throws(() => readHead(`{"last":"${'A'.repeat(2048)}`), /longer than 2048 bytes/);
    assert.throws(() => readSeal(' '.repeat(1_000_000)), /longer than 2048 bytes/);
  });

  it('cannot be a node of a Merkle tree: 64 bytes of two hashes are no record', () => {
    refuses('genesis', '\x01'.repeat(64), 'bytes of a node');
    refuses('genesis', 'A'.repeat(64), 'letters of a node');
  });

  it('is not written with a value that breaks its form, nor without one', () => {
    for (const kind of ENTRY_KIND_NAMES) {
      const good = sampleEntry(kind);
      for (const name of Object.keys(good)) {
        if (name === 'typ') continue;
        const form = RECORD_KINDS[kind][name]!;
        for (const value of FORM_SAMPLES[form].bad) {
          assert.ok(isReadable(kind, writeEntry(good)));
          assert.throws(() => writeEntry({ ...good, [name]: value }), Unreadable, `${kind}.${name} = ${value}`);
        }
        const { [name as 'seq']: _, ...without } = good;
        assert.throws(() => writeEntry(without as typeof good), Unreadable, `${kind} without ${name}`);
      }
    }
  });

  it('names no inherited member as its own: a member called __proto__ is one too many', () => {
    const polluted = JSON.parse(
      `{"__proto__":{"seq":"9"},${canonicalText(sampleRecord('genesis')).slice(1)}`,
    ) as object;
    refuses('genesis', canonicalText(polluted), 'with a prototype');
    assert.equal(Object.getPrototypeOf(readEntry(writeEntry(sampleEntry('genesis')))), Object.prototype);
  });
});

const sameMembers = (kind: string, other: string): boolean => {
  const [a, b] = [RECORD_KINDS[kind as keyof typeof RECORD_KINDS], RECORD_KINDS[other as keyof typeof RECORD_KINDS]];
  return (
    Object.hasOwn(RECORD_KINDS, other) &&
    JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())
  );
};
