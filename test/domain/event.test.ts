import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { canonicalEvent, PLAIN_SOURCE, parseUsageEvent } from '../../shared/domain/usage/event.ts';
import { refusalOf } from '../support/refusal.ts';
import { canonicalText } from '../support/sample-records.ts';

const TENANT = parseTenantId('acme');
const plain = {
  organization_id: 'acme',
  metric_name: 'api.calls',
  quantity: '12.5',
  timestamp: '2026-03-01T13:00:00+01:00',
  idempotency_key: 'k-1',
  subscription_id: 'sub-1',
  properties: { region: 'eu' },
};
const cloud = {
  specversion: '1.0',
  id: 'k-1',
  source: 'urn:tallystick:usage',
  type: 'api.calls',
  subject: 'sub-1',
  time: '2026-03-01T12:00:00Z',
  datacontenttype: 'application/json',
  data: { region: 'eu', quantity: '12.5' },
};
const read = (value: unknown) => parseUsageEvent(value, TENANT);
const answer = (value: unknown): string | undefined => {
  const refusal = refusalOf(() => read(value));
  return refusal === undefined ? undefined : `${refusal.code} ${refusal.param ?? ''}`.trim();
};
const without = (value: object, name: string): object =>
  Object.fromEntries(Object.entries(value).filter(([member]) => member !== name));

describe('a usage event', () => {
  it('is the same event in the plain form and as a CloudEvent', () => {
    const event = {
      source: PLAIN_SOURCE,
      key: 'k-1',
      type: 'api.calls',
      subject: 'sub-1',
      time: '2026-03-01T12:00:00.000000Z',
      data: { region: 'eu', quantity: '12.5' },
    };
    assert.deepEqual(read(plain), event);
    assert.deepEqual(read(cloud), event);
  });

  it('has one canonical text, which both forms lead to', () => {
    const text =
      '{"data":{"quantity":"12.5","region":"eu"},"id":"k-1","source":"urn:tallystick:usage","subject":"sub-1",' +
      '"time":"2026-03-01T12:00:00.000000Z","type":"api.calls"}';
    assert.equal(canonicalEvent(read(plain)), text);
    assert.equal(canonicalEvent(read(cloud)), text);
  });

  it('needs no more than its metric, time and key', () => {
    const least = { metric_name: 'api.calls', timestamp: '2026-03-01T12:00:00Z', idempotency_key: 'k-1' };
    assert.deepEqual(read(least), {
      source: PLAIN_SOURCE,
      key: 'k-1',
      type: 'api.calls',
      subject: undefined,
      time: '2026-03-01T12:00:00.000000Z',
      data: {},
    });
    assert.equal(
      canonicalEvent(read(least)),
      '{"data":{},"id":"k-1","source":"urn:tallystick:usage","time":"2026-03-01T12:00:00.000000Z","type":"api.calls"}',
    );
    assert.deepEqual(read(without(without(without(cloud, 'data'), 'subject'), 'datacontenttype')), read(least));
  });

  it('is the same event whatever the order of its members, its zone and what transport adds to it', () => {
    const same = canonicalEvent(read(cloud));
    for (const other of [
      Object.fromEntries(Object.entries(cloud).toReversed()),
      { ...cloud, data: { quantity: '12.5', region: 'eu' } },
      { ...cloud, time: '2026-03-01T12:00:00.000000+00:00' },
      { ...cloud, time: '2026-03-01T07:00:00.000000499-05:00' },
      { ...cloud, traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', sampledrate: 5 },
      { ...cloud, dataschema: 'https://example.com/usage.json' },
      without(cloud, 'datacontenttype'),
      without(plain, 'organization_id'),
    ]) {
      assert.equal(canonicalEvent(read(other)), same);
    }
  });

  it('is another event with any other key, source, type, subject, time or value', () => {
    const texts = [
      cloud,
      { ...cloud, id: 'k-2' },
      { ...cloud, source: 'urn:other' },
      { ...cloud, type: 'api.call' },
      { ...cloud, subject: 'sub-2' },
      without(cloud, 'subject'),
      { ...cloud, time: '2026-03-01T12:00:00.000001Z' },
      { ...cloud, data: { region: 'eu', quantity: '12.6' } },
      // Content is compared as it was sent, so another way to write 12.5 is other content.
      { ...cloud, data: { region: 'eu', quantity: '12.50' } },
      { ...cloud, data: { region: 'us', quantity: '12.5' } },
      { ...cloud, data: { quantity: '12.5' } },
      { ...cloud, data: { region: 'eu', quantity: '12.5', more: '' } },
    ].map((value) => canonicalEvent(read(value)));
    assert.equal(new Set(texts).size, texts.length);
  });

  it('has the canonical text that RFC 8785 gives, for any content', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,5}$/);
    const data = fc.dictionary(name, fc.string({ unit: 'grapheme', maxLength: 20 }), { maxKeys: 5 });
    fc.assert(
      fc.property(data, fc.stringMatching(/^[ -~]{1,20}$/), (members, key) => {
        const event = read({ ...cloud, id: key, data: members });
        const { time, type, subject, source } = event;
        assert.equal(canonicalEvent(event), canonicalText({ type, time, subject, source, id: key, data: members }));
      }),
    );
  });

  it('may have members named like those every object has', () => {
    const event = read({ ...plain, quantity: undefined, properties: { toString: 'a', hasOwnProperty: 'b' } });
    assert.deepEqual(Object.entries(event.data), [
      ['toString', 'a'],
      ['hasOwnProperty', 'b'],
    ]);
  });

  it('may be as short or as long as its form says: one to 255 characters, 50 properties of up to 500', () => {
    for (const text of ['a', 'a'.repeat(255)]) {
      const event = read({ ...cloud, id: text, source: text, type: text, subject: text, dataschema: text });
      assert.deepEqual([event.key, event.source, event.type, event.subject], [text, text, text, text]);
    }
    assert.equal(answer({ ...cloud, x: 1, [`a${'1'.repeat(19)}`]: 2 }), undefined);
    const most = Object.fromEntries(
      Array.from({ length: 50 }, (_, at) => [`n${'a'.repeat(60)}${at + 10}`, 'x'.repeat(500)]),
    );
    assert.deepEqual(read({ ...plain, quantity: undefined, properties: most }).data, most);
  });

  describe('in the plain form is answered', () => {
    for (const [says, value, expected] of [
      ['as no object', null, 'validation_failed'],
      ['as a list', [plain], 'validation_failed'],
      ['as a text', 'event', 'validation_failed'],
      ['as a number', 1, 'validation_failed'],
      ['with a field nobody knows', { ...plain, price: '0' }, 'unknown_field price'],
      ['with the field of another form', { ...plain, subject: 'sub-1' }, 'unknown_field subject'],
      ['with a field that is markup', { ...plain, '<!script>\r\nX: 1': '' }, 'unknown_field ?!script???X:?1'],
      ['with a field of a very long name', { ...plain, ['x'.repeat(5000)]: '' }, `unknown_field ${'x'.repeat(64)}`],
      [
        'with a prototype of its own',
        JSON.parse('{"__proto__":{"metric_name":"x"},"timestamp":"2026-03-01T12:00:00Z","idempotency_key":"k"}'),
        'validation_failed metric_name',
      ],
      ['without a metric', without(plain, 'metric_name'), 'validation_failed metric_name'],
      ['with a metric that is a number', { ...plain, metric_name: 1 }, 'validation_failed metric_name'],
      ['without a time', without(plain, 'timestamp'), 'invalid_timestamp timestamp'],
      ['with a time that is a number', { ...plain, timestamp: 1_772_366_400 }, 'invalid_timestamp timestamp'],
      ['with a time that is null', { ...plain, timestamp: null }, 'invalid_timestamp timestamp'],
      ['with a time on 30 February', { ...plain, timestamp: '2026-02-30T00:00:00Z' }, 'invalid_timestamp timestamp'],
      ['with a time without a zone', { ...plain, timestamp: '2026-03-01T00:00:00' }, 'invalid_timestamp timestamp'],
      ['with a time at +99:99', { ...plain, timestamp: '2026-03-01T00:00:00+99:99' }, 'invalid_timestamp timestamp'],
      ['with the time "1"', { ...plain, timestamp: '1' }, 'invalid_timestamp timestamp'],
      ['without a key', without(plain, 'idempotency_key'), 'invalid_idempotency_key idempotency_key'],
      ['with a key that is a number', { ...plain, idempotency_key: 7 }, 'invalid_idempotency_key idempotency_key'],
      ['with a quantity that is a number', { ...plain, quantity: 12.5 }, 'invalid_quantity quantity'],
      ['with 9007199254740993, rounded already', { ...plain, quantity: 2 ** 53 }, 'invalid_quantity quantity'],
      ['with a quantity that is true', { ...plain, quantity: true }, 'validation_failed quantity'],
      ['with a quantity that is null', { ...plain, quantity: null }, 'validation_failed quantity'],
      ['with a quantity that is a list', { ...plain, quantity: ['1'] }, 'validation_failed quantity'],
      ['with a quantity that is an object', { ...plain, quantity: {} }, 'validation_failed quantity'],
      ['for another organization', { ...plain, organization_id: 'other' }, 'organization_mismatch organization_id'],
      [
        'for an organization in capitals',
        { ...plain, organization_id: 'ACME' },
        'organization_mismatch organization_id',
      ],
      ['for organization 1', { ...plain, organization_id: 1 }, 'validation_failed organization_id'],
      ['with a subscription that is null', { ...plain, subscription_id: null }, 'validation_failed subscription_id'],
      ['with properties that are a list', { ...plain, properties: [] }, 'invalid_property properties'],
      ['with properties that are null', { ...plain, properties: null }, 'invalid_property properties'],
      ['with a property that is a number', { ...plain, properties: { n: 1 } }, 'invalid_property properties'],
      ['with a property that is an object', { ...plain, properties: { n: {} } }, 'invalid_property properties'],
      [
        'with a property of 501 characters',
        { ...plain, properties: { n: 'x'.repeat(501) } },
        'invalid_property properties',
      ],
      ['with a property without a name', { ...plain, properties: { '': 'x' } }, 'invalid_property properties'],
      ['with a property of a name with -', { ...plain, properties: { 'a-b': 'x' } }, 'invalid_property properties'],
      [
        'with a property of a name of 64',
        { ...plain, properties: { ['n'.repeat(64)]: '' } },
        'invalid_property properties',
      ],
      [
        'with a property __proto__',
        { ...plain, properties: JSON.parse('{"__proto__":"x"}') },
        'invalid_property properties',
      ],
      [
        'with the quantity among the properties',
        { ...plain, properties: { quantity: '1' } },
        'invalid_property properties',
      ],
      [
        'with 51 properties',
        { ...plain, properties: Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`p${at}`, ''])) },
        'invalid_property properties',
      ],
    ] as const) {
      it(`${says}: ${expected}`, () => assert.equal(answer(value), expected));
    }
  });

  describe('as a CloudEvent is answered', () => {
    for (const [says, value, expected] of [
      ['in version 0.3', { ...cloud, specversion: '0.3' }, 'validation_failed specversion'],
      ['in version 1.0 as a number', { ...cloud, specversion: 1 }, 'validation_failed specversion'],
      ['without an id', without(cloud, 'id'), 'invalid_idempotency_key id'],
      ['with an id that is a number', { ...cloud, id: 1 }, 'invalid_idempotency_key id'],
      ['without a source', without(cloud, 'source'), 'validation_failed source'],
      ['with an empty source', { ...cloud, source: '' }, 'validation_failed source'],
      ['with a source of 256 characters', { ...cloud, source: 's'.repeat(256) }, 'validation_failed source'],
      ['with a newline in its source', { ...cloud, source: 'urn:a\nb' }, 'validation_failed source'],
      ['with a blank in its source', { ...cloud, source: 'urn:a b' }, 'validation_failed source'],
      ['without a type', without(cloud, 'type'), 'validation_failed type'],
      ['with a type of 256 characters', { ...cloud, type: 't'.repeat(256) }, 'validation_failed type'],
      ['with a subject of 256 characters', { ...cloud, subject: 's'.repeat(256) }, 'validation_failed subject'],
      ['with a schema of 256 characters', { ...cloud, dataschema: 's'.repeat(256) }, 'validation_failed dataschema'],
      ['with a NUL in its type', { ...cloud, type: 'a\0b' }, 'validation_failed type'],
      ['with an empty subject', { ...cloud, subject: '' }, 'validation_failed subject'],
      ['with a subject that is null', { ...cloud, subject: null }, 'validation_failed subject'],
      ['with half a surrogate pair in its subject', { ...cloud, subject: 'a\ud800' }, 'validation_failed subject'],
      ['without a time', without(cloud, 'time'), 'invalid_timestamp time'],
      ['with a time at second 60', { ...cloud, time: '2016-12-31T23:59:60Z' }, 'invalid_timestamp time'],
      ['with a time at 24:00', { ...cloud, time: '2026-03-01T24:00:00Z' }, 'invalid_timestamp time'],
      ['with data that is XML', { ...cloud, datacontenttype: 'text/xml' }, 'validation_failed datacontenttype'],
      ['with binary data', { ...cloud, data_base64: 'AA==' }, 'unknown_field data_base64'],
      ['with an attribute in capitals', { ...cloud, traceParent: '' }, 'unknown_field traceParent'],
      ['with an attribute of 21 letters', { ...cloud, ['a'.repeat(21)]: '' }, `unknown_field ${'a'.repeat(21)}`],
      ['with data that are a list', { ...cloud, data: ['12.5'] }, 'invalid_property data'],
      ['with data that are null', { ...cloud, data: null }, 'invalid_property data'],
      ['with a quantity that is a number', { ...cloud, data: { quantity: 12.5 } }, 'invalid_quantity quantity'],
      ['with another number in its data', { ...cloud, data: { bytes: 12 } }, 'invalid_property data'],
    ] as const) {
      it(`${says}: ${expected}`, () => assert.equal(answer(value), expected));
    }
  });

  describe('takes for its key', () => {
    for (const [says, key, taken] of [
      ['one character', 'k', true],
      ['255 characters', 'k'.repeat(255), true],
      ['256 characters', 'k'.repeat(256), false],
      ['255 emojis, each of two code units', '😀'.repeat(255), true],
      ['256 emojis', '😀'.repeat(256), false],
      ['no characters', '', false],
      ['letters of any alphabet, blanks and punctuation', 'Größe 12 × "№" \\ Ω', true],
      ['a newline', 'a\nb', false],
      ['a newline at its end', 'a\n', false],
      ['a NUL', 'a\0', false],
      ['a DEL', 'a\x7f', false],
      ['a C1 control', 'a\x85', false],
      ['half a surrogate pair', 'a\ud800', false],
      ['a character of private use', 'a\ue000', false],
      ['a zero-width joiner', 'a\u200d', false],
      ['text that runs from right to left', 'a\u202eb', false],
      ['a noncharacter', 'a\uffff', false],
      ['the end of a line, in Unicode’s words', 'a\u2028b', false],
      ['the end of a paragraph', 'a\u2029b', false],
      ['a very long text', 'k'.repeat(100_000), false],
    ] as const) {
      it(`${taken ? '' : 'not '}${says}`, () => {
        const refused = taken ? undefined : 'invalid_idempotency_key';
        assert.equal(answer({ ...plain, idempotency_key: key }), refused && `${refused} idempotency_key`);
        assert.equal(answer({ ...cloud, id: key }), refused && `${refused} id`);
      });
    }
  });
});
