import assert from 'node:assert/strict';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { base64url, canonicalBytes, canonicalJson, type Json, readBase64url } from '../../shared/domain/canonical.ts';
import { published } from '../support/published.ts';
import { refusalOf } from '../support/refusal.ts';

const vectors = published<{
  readonly sample: { readonly input: string; readonly output: string; readonly utf8: readonly string[] };
  readonly sorting: { readonly input: string; readonly order: readonly string[] };
  readonly numbers: readonly (readonly [bits: string, text: string | null])[];
  readonly portal: readonly (readonly [name: string, input: string, output: string])[];
}>('rfc8785');

const parse = (text: string): Json => JSON.parse(text) as Json;
/** Characters whose order, escape or width in UTF-16 is easily got wrong. */
const stringUnit = fc.constantFrom(...'aB1_/"\\\n\0\u007f\u0080é€\u2028\ufb33\uffff', '😀', '\u{10ffff}');
const numberOf = (bits: string): number => Buffer.from(bits, 'hex').readDoubleBE();

describe('canonical JSON', () => {
  describe('as RFC 8785 publishes it', () => {
    it('writes the sample object of section 3.2.2 as section 3.2.3 prints it', () => {
      assert.equal(canonicalJson(parse(vectors.sample.input)), vectors.sample.output);
    });

    it('gives the UTF-8 bytes of section 3.2.4', () => {
      const hex = vectors.sample.utf8.join('').replaceAll(' ', '');
      assert.equal(canonicalBytes(parse(vectors.sample.input)).toString('hex'), hex);
    });

    it('sorts members by UTF-16 code units: an emoji (U+D83D ...) stands before a Hebrew letter (U+FB33)', () => {
      const sorted = parse(canonicalJson(parse(vectors.sorting.input))) as Record<string, string>;
      const text = canonicalJson(parse(vectors.sorting.input));
      // JSON.parse puts the name "1" first whatever the text says, so the order is read off the text.
      const order = Object.values(sorted).sort((a, b) => text.indexOf(`:"${a}"`) - text.indexOf(`:"${b}"`));
      assert.deepEqual(order, vectors.sorting.order);
    });

    it(`writes the ${vectors.numbers.length} numbers of appendix B, and refuses its two errors`, () => {
      assert.equal(vectors.numbers.length, 26);
      for (const [bits, text] of vectors.numbers) {
        if (text === null) assert.throws(() => canonicalJson(numberOf(bits)), TypeError, bits);
        else assert.equal(canonicalJson(numberOf(bits)), text, bits);
      }
    });

    for (const [name, input, output] of vectors.portal) {
      it(`writes the reference project's "${name}"`, () => assert.equal(canonicalJson(parse(input)), output));
    }
  });

  it('says the same as an independent implementation, about any JSON there is', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit }), (value) => {
        assert.equal(canonicalJson(value as Json), canonicalize(value));
      }),
      { numRuns: 400 },
    );
  });

  it('says the same as an independent implementation about numbers of every magnitude', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.equal(canonicalJson(value), canonicalize(value));
      }),
      { numRuns: 500 },
    );
  });

  it('is read back as the value it was written from', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit }), (value) => {
        // -0 is the one value that does not come back: RFC 8785 writes it as 0.
        assert.deepEqual(JSON.parse(canonicalJson(value as Json)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('does not depend on the order in which members were put in', () => {
    const name = fc.string({ unit: stringUnit, maxLength: 4 });
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, fc.nat(9)), { selector: ([key]) => key }), (members) => {
        const forwards = canonicalJson(Object.fromEntries(members));
        assert.equal(canonicalJson(Object.fromEntries([...members].reverse())), forwards);
      }),
    );
  });

  it('refuses half a surrogate pair, as value, as name and in any depth: two texts would have the same bytes', () => {
    for (const text of ['\ud800', 'a\ud83d', '\udc00a', '\ude00\ud83d', '\ud83d\ud83d\ude00', '😀\udfff']) {
      const refused = { code: 'invalid_encoding', param: undefined };
      assert.deepEqual(
        refusalOf(() => canonicalJson(text)),
        refused,
      );
      assert.deepEqual(
        refusalOf(() => canonicalJson({ [text]: '1' })),
        refused,
      );
      assert.deepEqual(
        refusalOf(() => canonicalJson([{ a: ['b', text] }])),
        refused,
      );
    }
  });

  it('keeps a member named __proto__ as the member it is', () => {
    assert.equal(canonicalJson(parse('{"b":1,"__proto__":{"a":2}}')), '{"__proto__":{"a":2},"b":1}');
  });

  it('refuses what JSON cannot hold instead of leaving it out', () => {
    const holes: Json[] = ['a'];
    holes[2] = 'c';
    for (const [value, inside] of [
      [Number.NaN, 'NaN'],
      [Number.NEGATIVE_INFINITY, '-Infinity'],
      [{ a: undefined }, 'an absent member'],
      [['a', undefined], 'an absent item'],
      [holes, 'a hole in a list'],
      [{ a: 1n }, 'a bigint'],
      [() => '1', 'a function'],
    ] as const) {
      assert.throws(() => canonicalJson(value as Json), TypeError, inside);
    }
  });
});

describe('base64url', () => {
  it('is written with - and _, without padding', () => {
    assert.equal(base64url(Buffer.from('fbff', 'hex')), '-_8');
    assert.equal(base64url(Buffer.from('')), '');
  });

  it('covers the bytes it is given, not the memory around them', () => {
    const memory = Buffer.from('000102fbff030405', 'hex');
    assert.equal(base64url(new Uint8Array(memory.buffer, memory.byteOffset + 3, 2)), '-_8');
  });

  it('is read in the one form that is written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = base64url(bytes);
        assert.deepEqual(readBase64url(text), Buffer.from(bytes));
        assert.deepEqual(readBase64url(text, bytes.length), Buffer.from(bytes));
        assert.equal(readBase64url(text, bytes.length + 1), undefined);
      }),
    );
  });

  for (const [says, text] of [
    // 0x00 is "AA": of the 12 bits of two characters the last four are spare.
    ['spare bits that are not zero: "AB" would be "AA" again', 'AB'],
    ['spare bits of a three-character tail: "AAB" would be "AAA" again', 'AAB'],
    ['padding', 'AA=='],
    ['padding and spare bits', 'AB=='],
    ['too little padding', 'AA='],
    ['the other alphabet', '+/8'],
    ['both alphabets mixed', '-/8'],
    ['one character, which is no whole byte', 'A'],
    ['five characters', 'AAAAA'],
    ['white space before', ' AAAA'],
    ['a newline inside', 'AA\nAA'],
    ['a newline after', 'AAAA\n'],
    ['garbage that a lenient reader skips', 'AA!AA'],
    ['a text that goes on after the padding', 'AA==AA'],
    ['a NUL', 'AA\0A'],
    ['letters of another alphabet', 'АААА'],
  ] as const) {
    it(`refuses ${says}`, () => assert.equal(readBase64url(text), undefined));
  }

  it('reads 32 bytes from one of every four texts that differ in their last character only', () => {
    // 43 characters carry 258 bits, 32 bytes are 256: of every four last characters one is canonical, 16 of 64.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const readable = [...alphabet].filter((last) => readBase64url('A'.repeat(42) + last, 32) !== undefined);
    assert.equal(readable.join(''), 'AEIMQUYcgkosw048');
  });
});
