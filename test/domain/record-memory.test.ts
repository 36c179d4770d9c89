import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FORMS } from '../../shared/domain/ledger/forms.ts';
import { readEntry, Unreadable } from '../../shared/domain/ledger/record.ts';
import { FORM_SAMPLES } from '../support/form-samples.ts';
import { canonicalText, membersOf, RECORD_KINDS, sampleRecord, textOf } from '../support/sample-records.ts';

/**
 * Reading a record is allowed to remember what it read before. Whatever came before, each text must be judged as if it
 * were the first: here a reader without any memory says what that is.
 */

const KINDS = ['charge', 'close', 'fee', 'open'] as const;
type Kind = (typeof KINDS)[number];
const kindOf = (typ: unknown): Kind | undefined => KINDS.find((kind) => kind === typ);

/** JSON.parse, the exact set of members, their forms, and the canonical text compared: section 2 of the receipt format. */
function readWithoutMemory(text: string): Readonly<Record<string, string>> | undefined {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined; // no JSON
  }
  const kind = typeof value === 'object' && value !== null ? kindOf(value['typ']) : undefined;
  if (kind === undefined || text.length > 2048 || canonicalText(value) !== text) return undefined;
  const fields = RECORD_KINDS[kind];
  if (Object.keys(value).sort().join() !== Object.keys(fields).sort().join()) return undefined;
  for (const [name, form] of Object.entries(fields)) {
    const member = value[name];
    if (typeof member !== 'string' || !FORMS[form](member)) return undefined;
  }
  return value as Readonly<Record<string, string>>;
}

function readWithMemory(text: string): object | undefined {
  try {
    return readEntry(text);
  } catch (error) {
    assert.ok(error instanceof Unreadable, String(error));
    return undefined;
  }
}

type Members = [name: string, value: string][];
const place = fc.nat(30);

/** One thing done to the members of a good record. Most do nothing, or give one field another good value. */
const change: fc.Arbitrary<(members: Members, kind: Kind) => string> = fc.oneof(
  { weight: 3, arbitrary: fc.constant((members: Members) => textOf(members)) },
  {
    weight: 4,
    arbitrary: fc.tuple(place, fc.nat(9)).map(([at, pick]) => (members: Members, kind: Kind) => {
      const [name] = members[at % members.length]!;
      const { good } = FORM_SAMPLES[RECORD_KINDS[kind][name]!];
      const value = name === 'typ' ? kind : good[pick % good.length]!;
      return textOf(members.with(at % members.length, [name, value]));
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(place, fc.nat(20)).map(([at, pick]) => (members: Members, kind: Kind) => {
      const [name] = members[at % members.length]!;
      const { bad } = FORM_SAMPLES[RECORD_KINDS[kind][name]!];
      return textOf(members.with(at % members.length, [name, bad[pick % bad.length]!]));
    }),
  },
  place.map((at) => (members: Members) => textOf(members.toSpliced(at % members.length, 1))),
  place.map((at) => (members: Members) => textOf(members.with(at % members.length, ['', '']))),
  place.map((at) => (members: Members) => textOf(members.with(at % members.length, members[0]!))),
  fc
    .tuple(fc.nat(2000), fc.constantFrom('"', ',', '{', '}', 'a', '0', ' ', '\\'))
    .map(([at, character]) => (members: Members) => {
      const text = textOf(members);
      const cut = at % text.length;
      return text.slice(0, cut) + character + text.slice(cut + (at % 2));
    }),
  fc.nat(2000).map((at) => (members: Members) => {
    const text = textOf(members);
    return text.slice(0, at % text.length);
  }),
);

const texts = fc.array(
  fc.tuple(fc.constantFrom(...KINDS), fc.nat(2), change).map(([kind, turn, apply]) => ({
    kind,
    text: apply(membersOf(sampleRecord(kind, turn)), kind),
  })),
  { minLength: 1, maxLength: 40 },
);

describe('reading one record after another', () => {
  it('judges each as if it were the first, good ones after bad ones and bad ones after good ones', () => {
    let [read, refused] = [0, 0];
    fc.assert(
      fc.property(texts, (sequence) => {
        for (const { kind, text } of sequence) {
          const expected = readWithoutMemory(text);
          assert.deepEqual(readWithMemory(text), expected, `${kind}: ${text}`);
          expected === undefined ? refused++ : read++;
        }
      }),
      { numRuns: 150 },
    );
    assert.ok(read > 200 && refused > 200, `${read} read, ${refused} refused`);
  });

  it('does not carry a value over from the record before to one that breaks off after it', () => {
    const [one, other] = [membersOf(sampleRecord('charge', 0)), membersOf(sampleRecord('charge', 1))];
    for (let at = 0; at < one.length; at++) {
      assert.deepEqual(readEntry(textOf(one)), Object.fromEntries(one));
      // The first fields of another record, then nothing.
      assert.equal(readWithMemory(textOf(other.slice(0, at))), undefined);
      assert.deepEqual(readEntry(textOf(one)), Object.fromEntries(one), `after ${at} fields of another`);
      // The first fields of another record, then this one's: a good record of its own.
      const mixed = [...other.slice(0, at), ...one.slice(at)];
      assert.deepEqual(readEntry(textOf(mixed)), Object.fromEntries(mixed), `${at} fields of another`);
    }
  });

  it('gives a record of its own each time: a change to one is not seen in the next', () => {
    const text = textOf(membersOf(sampleRecord('charge')));
    const first = readEntry(text) as Record<string, string>;
    first['amount'] = '0.01';
    first['note'] = 'mine';
    assert.deepEqual(readEntry(text), sampleRecord('charge'));
  });
});
