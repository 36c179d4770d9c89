import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BadInput, type ErrorCode } from '../../shared/domain/errors.ts';
import { type JsonBounds, parseStrictJson } from '../../shared/domain/strict-json.ts';

const MIB = 1_048_576;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** @returns the code of the refusal, or undefined where the bytes are accepted; any other error fails the test */
function refusalOf(bytes: Uint8Array, bounds?: JsonBounds): ErrorCode | undefined {
  try {
    parseStrictJson(bytes, bounds);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof BadInput, String(error));
    return error.code;
  }
}

const members = (count: number, name = (at: number) => `k${at}`): string =>
  `{${Array.from({ length: count }, (_, at) => `"${name(at)}":${at}`).join()}}`;

describe('a strict reading of JSON', () => {
  describe('accepts', () => {
    for (const [says, text] of [
      ['an event', '{"metric_name":"api","quantity":"12.5","properties":{"region":"eu"}}'],
      ['one name in many objects', '[{"id":1},{"id":2,"in":{"id":3}},{"id":4}]'],
      ['one name on both sides of an inner object', '{"a":{"b":1},"b":{"a":2},"c":[{"a":3}]}'],
      ['a value that equals a name', '{"a":"a","b":["a","a"],"c":"b"}'],
      ['names that differ in case, in accents or in how the accent is written', '{"a":1,"A":2,"\u00e9":3,"e\u0301":4}'],
      ['the empty name', '{"":1," ":2}'],
      ['names that begin alike or hash alike', '{"Aa":1,"BB":2,"AaAa":3,"BBBB":4,"AaBB":5,"AaB":6}'],
      ['names of the same length as the forbidden ones', '{"__prot0__":1,"constructer":2,"prototypE":3,"proto":4}'],
      ['the forbidden names as values', '["__proto__","constructor",{"a":"prototype"}]'],
      ['names of other inherited methods', '{"toString":1,"hasOwnProperty":2,"valueOf":3}'],
      ['brackets, commas and quotes inside of strings', '{"a":"[[[[[[[[[[{,","b\\"":"}}}}]]]]","c,{":"\\\\"}'],
      ['a whole surrogate pair, escaped in either case', '["\\ud83d\\ude00","\\uD83D\\uDE00","😀"]'],
      ['escapes that only look like surrogates', '["\\\\ud800","\\ud7ff","\\ue000"]'],
      ['white space of all four kinds', ' \t\r\n{ "a" :\t[ 1 ,\r\n2 ] } '],
      ['numbers as they are', '[0,-0,1e3,1.5E-7,9007199254740993,1e400]'],
      ['a document that is no object', 'null'],
    ] as const) {
      it(says, () => assert.deepEqual(parseStrictJson(utf8(text)), JSON.parse(text)));
    }
  });

  describe('refuses', () => {
    for (const [says, bytes, code] of [
      ['nothing', utf8(''), 'malformed_json'],
      ['white space', utf8(' \n'), 'malformed_json'],
      ['a byte order mark', latin1('\xef\xbb\xbf{}'), 'malformed_json'],
      ['UTF-16, little end first', Buffer.from('{"a":1}', 'utf16le'), 'malformed_json'],
      ['UTF-16 with its mark', latin1('\xff\xfe{\0}\0'), 'malformed_json'],
      ['UTF-32', latin1('\0\0\0{\0\0\0}'), 'malformed_json'],
      ['Latin-1', latin1('{"name":"Andr\xe9"}'), 'malformed_json'],
      ['a cut character', latin1('{"a":"\xe2\x82"}'), 'malformed_json'],
      ['an overlong slash', latin1('{"a":"\xc0\xaf"}'), 'malformed_json'],
      ['a surrogate half as bytes', latin1('{"a":"\xed\xa0\x80"}'), 'malformed_json'],
      ['half a document', utf8('{"a":[1,'), 'malformed_json'],
      ['a name without its end', utf8('{"a'), 'malformed_json'],
      ['a name that ends in a backslash', utf8('{"a\\'), 'malformed_json'],
      ['a string without its end', utf8('["a'), 'malformed_json'],
      ['a string that ends in a backslash', utf8('["a\\'), 'malformed_json'],
      ['an escape nobody knows', utf8('["\\x41"]'), 'malformed_json'],
      ['an escape nobody knows, in a name', utf8('{"\\x41":1}'), 'malformed_json'],
      ['an escape cut short', utf8('["\\u12"]'), 'malformed_json'],
      ['more ends than beginnings', utf8('{}}'), 'malformed_json'],
      ['an end of the wrong kind', utf8('[}'), 'malformed_json'],
      ['an end before anything', utf8(']'), 'malformed_json'],
      ['two documents', utf8('{}{}'), 'malformed_json'],
      ['a comma too many', utf8('[1,]'), 'malformed_json'],
      ['a comment', utf8('{/*a*/}'), 'malformed_json'],
      ['single quotes', utf8("{'a':1}"), 'malformed_json'],
      ['NaN', utf8('[NaN]'), 'malformed_json'],
      ['a line break inside of a string', utf8('["a\nb"]'), 'malformed_json'],
      ['a name twice', utf8('{"quantity":"1","quantity":"2"}'), 'duplicate_key'],
      ['a name twice, once escaped', utf8('{"quantity":"1","qu\\u0061ntity":"2"}'), 'duplicate_key'],
      ['a name twice, the escaped one first', utf8('{"qu\\u0061ntity":"1","quantity":"2"}'), 'duplicate_key'],
      ['a name twice, both escaped differently', utf8('{"\\u006B":1,"\\u006b":2}'), 'duplicate_key'],
      ['a slash and an escaped slash', utf8('{"a/b":1,"a\\/b":2}'), 'duplicate_key'],
      ['a pair of surrogates and the character itself', utf8('{"\\ud83d\\ude00":1,"😀":2}'), 'duplicate_key'],
      ['the empty name twice', utf8('{"":1,"":2}'), 'duplicate_key'],
      ['a name again after an inner object', utf8('{"a":{"b":[{}]},"a":1}'), 'duplicate_key'],
      ['a name twice, deep inside', utf8('[[{"a":[{"b":1,"c":2,"b":3}]}]]'), 'duplicate_key'],
      ['the last of 17 names like the first', utf8(`${members(16).slice(0, -1)},"k0":0}`), 'duplicate_key'],
      ['the last of 18 names like the one before', utf8(`${members(17).slice(0, -1)},"k16":0}`), 'duplicate_key'],
      ['__proto__', utf8('{"__proto__":{"polluted":true}}'), 'unknown_field'],
      ['__proto__ escaped', utf8('{"\\u005f_proto__":1}'), 'unknown_field'],
      ['constructor', utf8('{"a":[{"constructor":1}]}'), 'unknown_field'],
      ['prototype', utf8('{"prototype":1}'), 'unknown_field'],
      ['__proto__ among many', utf8(`${members(20).slice(0, -1)},"__proto__":0}`), 'unknown_field'],
      ['the first half of a pair', utf8('["\\ud800"]'), 'invalid_encoding'],
      ['the second half of a pair', utf8('["\\uDFFF"]'), 'invalid_encoding'],
      ['two second halves', utf8('["\\ude00\\ude00"]'), 'invalid_encoding'],
      ['a pair the wrong way round', utf8('["\\ude00\\ud83d"]'), 'invalid_encoding'],
      ['a first half before another first half', utf8('["\\ud83d\\ud83d\\ude00"]'), 'invalid_encoding'],
      ['a first half before a letter', utf8('["\\ud83dude00"]'), 'invalid_encoding'],
      ['a first half before another escape', utf8('["\\ud83d\\n\\ude00"]'), 'invalid_encoding'],
      ['half a pair in a name', utf8('{"\\ud800":1}'), 'invalid_encoding'],
      ['nine arrays', utf8('[[[[[[[[[]]]]]]]]]'), 'nesting_too_deep'],
      ['nine objects', utf8(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`), 'nesting_too_deep'],
      ['257 members', utf8(members(257)), 'too_many_items'],
      ['257 members, deep inside', utf8(`[{"a":${members(257)}}]`), 'too_many_items'],
    ] as const) {
      it(`${says}: ${code}`, () => assert.equal(refusalOf(bytes), code));
    }
  });

  it('counts to its bounds: 8 levels and 256 members pass, and bounds of 2 and 3 hold likewise', () => {
    assert.equal(refusalOf(utf8('[[[[[[[[]]]]]]]]')), undefined);
    assert.equal(refusalOf(utf8(members(256))), undefined);
    assert.equal(refusalOf(utf8('[{"a":1}]'), { maxDepth: 2 }), undefined);
    assert.equal(refusalOf(utf8('[{"a":[]}]'), { maxDepth: 2 }), 'nesting_too_deep');
    assert.equal(refusalOf(utf8('[1]'), { maxDepth: 0 }), 'nesting_too_deep');
    assert.equal(refusalOf(utf8('{"a":1,"b":2,"c":3}'), { maxKeys: 3 }), undefined);
    assert.equal(refusalOf(utf8('{"a":1,"b":2,"c":3,"d":4}'), { maxKeys: 3 }), 'too_many_items');
  });

  it('repeats nothing of what it refuses', () => {
    for (const text of ['{"swordfish":', '{"swordfish":1,"swordfish":2}', '["swordfish\\ud800"]', 'swordfish']) {
      assert.throws(
        () => parseStrictJson(utf8(text)),
        (error: Error) => !/swordfish/.test(`${error.message}${error.stack}`),
      );
    }
  });

  it('leaves no prototype touched', () => {
    refusalOf(utf8('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'));
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  const anyJson = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(null, true, false),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'binary', maxLength: 4 }), tie('value'), { maxKeys: 20 }),
    ),
  })).value;

  it('reads whatever JSON.stringify writes as JSON.parse does', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        assert.deepEqual(parseStrictJson(utf8(text)), JSON.parse(text));
      }),
      { numRuns: 500, seed: 20250303 },
    );
  });

  it('reads damaged texts as JSON.parse does, or refuses them', () => {
    const cuts = fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('', '"', '\\', '{', '}', '[', ']', ',', ':', '\\u', 'd800', '0')),
      { maxLength: 3 },
    );
    let accepted = 0;
    fc.assert(
      fc.property(anyJson, cuts, (value, edits) => {
        let text = JSON.stringify(value);
        for (const [at, put] of edits) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + put + text.slice(place + 1);
        }
        const bytes = utf8(text);
        if (refusalOf(bytes) !== undefined) return;
        accepted++;
        assert.deepEqual(parseStrictJson(bytes), JSON.parse(new TextDecoder().decode(bytes)));
      }),
      { numRuns: 1000, seed: 20250303 },
    );
    assert.ok(accepted > 100 && accepted < 1000, `${accepted} accepted: the test would say nothing`);
  });

  it('finds a repeated name exactly where one was put, however each is written and how many there are', () => {
    const spellings = (name: string): string[] => [
      JSON.stringify(name).slice(1, -1),
      [...name].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    ];
    const written = fc
      .array(
        fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', 'é', '年'), maxLength: 3 }), fc.boolean()),
        { maxLength: 40 },
      )
      .map((names) => ({
        text: `[{"a":{${names.map(([name, escaped]) => `"${spellings(name)[escaped ? 1 : 0]}":{"a":1}`).join()}}}]`,
        repeats: new Set(names.map(([name]) => name)).size < names.length,
      }));
    let repeated = 0;
    fc.assert(
      fc.property(written, ({ text, repeats }) => {
        repeated += Number(repeats);
        assert.equal(refusalOf(utf8(text)), repeats ? 'duplicate_key' : undefined);
      }),
      { numRuns: 1000, seed: 20250303 },
    );
    assert.ok(repeated > 200 && repeated < 800, `${repeated} of 1000 had a repeated name`);
  });

  describe('reads 1 MiB quickly', () => {
    const filledWith = (item: string): Uint8Array => {
      const count = Math.floor((MIB - 2) / (item.length + 1));
      return utf8(`[${Array.from({ length: count }, () => item).join()}]`);
    };
    const colliding = (at: number): string =>
      Array.from({ length: 8 }, (_, bit) => ((at >> bit) & 1 ? 'Aa' : 'BB')).join('');
    // About 6 ms for events and at most 50 ms for the worst; the limit leaves room for a busy machine and for coverage, yet
    // comparing every name with every other, or decoding each, would take seconds.
    const milliseconds = 400;
    for (const [says, bytes] of [
      [
        'of ordinary events',
        filledWith(
          '{"organization_id":"acme","metric_name":"api","quantity":"12.5","timestamp":"2025-03-03T14:00:00Z","idempotency_key":"k-1","properties":{"region":"eu","tier":"a"}}',
        ),
      ],
      ['of objects with 256 members', filledWith(members(256, (at) => at.toString(36)))],
      ['of names that hash alike', filledWith(members(256, colliding))],
      ['of names that all have escapes', filledWith(members(256, (at) => `\\n${at.toString(36)}`))],
      ['of small objects with escaped names', filledWith('{"\\n":1}')],
      ['of one name', utf8(`{"${'k'.repeat(MIB - 7)}":1}`)],
      ['of backslashes', utf8(`["${'\\\\'.repeat(MIB / 2 - 2)}"]`)],
      ['of escaped pairs', utf8(`["${'\\ud83d\\ude00'.repeat(MIB / 12 - 1)}"]`)],
      ['of brackets that open and close', filledWith('[[[[[[[]]]]]]]')],
    ] as const) {
      it(says, () => {
        assert.ok(bytes.length > 0.95 * MIB && bytes.length <= MIB, `${bytes.length} bytes`);
        const times = Array.from({ length: 5 }, () => {
          const began = performance.now();
          parseStrictJson(bytes);
          return performance.now() - began;
        });
        assert.ok(Math.min(...times) < milliseconds, `${Math.min(...times)} ms`);
      });
    }

    it('of brackets that only open: refused at the ninth', () => {
      const began = performance.now();
      assert.equal(refusalOf(utf8('['.repeat(MIB))), 'nesting_too_deep');
      assert.ok(performance.now() - began < milliseconds);
    });
  });
});
