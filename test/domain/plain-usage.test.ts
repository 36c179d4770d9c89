import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BadInput } from '../../shared/domain/errors.ts';
import type { TenantId } from '../../shared/domain/ids.ts';
import { parseStrictJson } from '../../shared/domain/strict-json.ts';
import { canonicalEvent, parseUsageEvent, type UsageEvent } from '../../shared/domain/usage/event.ts';
import { keyHash, keyHasher } from '../../shared/domain/usage/identity.ts';
import { type PlainEvent, readPlainUsage } from '../../shared/domain/usage/plain-usage.ts';

const ACME = 'acme' as TenantId;

/** What reading any JSON, and then each event, gives. @returns undefined where that refuses anything */
function slowly(body: Buffer): UsageEvent[] | undefined {
  try {
    const value = parseStrictJson(body);
    return (Array.isArray(value) ? value : [value]).map((item) => parseUsageEvent(item, ACME));
  } catch (error) {
    if (error instanceof BadInput) return undefined;
    throw error;
  }
}

const seen = ({ source, key, type, subject, time, data }: UsageEvent) => ({ source, key, type, subject, time, data });

/** Whatever the quick reader reads, it reads as the slow one does. @returns whether it read it */
function agree(body: Buffer): boolean {
  const quick = readPlainUsage(body);
  if (quick === undefined) return false;
  const slow = slowly(body);
  assert.ok(slow !== undefined, `read quickly, refused slowly: ${body.toString('latin1')}`);
  assert.deepEqual(quick.events.map(seen), slow.map(seen));
  assert.deepEqual(
    quick.events.map(({ bytes }) => bytes.toString('utf8')),
    slow.map(canonicalEvent),
  );
  for (const [i, event] of quick.events.entries()) {
    for (const name of ['quantity', 'region', 'nothing']) {
      assert.equal(event.value(name), Object.hasOwn(slow[i]!.data, name) ? slow[i]!.data[name] : undefined);
    }
  }
  return true;
}

const text = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const EVENT = { idempotency_key: 'k-1', metric_name: 'calls', timestamp: '2026-03-01T12:00:00Z', quantity: '12.5' };

describe('usage in its plainest form', () => {
  it('is read like any JSON is, with its canonical text: members sorted, the time in full', () => {
    const body = text([
      { ...EVENT, subscription_id: 'main', properties: { region: 'eu', Model: 'x', zeta: '', a_1: '~' } },
    ]);
    assert.ok(agree(body));
    assert.equal(
      readPlainUsage(body)!.events[0]!.bytes.toString('latin1'),
      '{"data":{"Model":"x","a_1":"~","quantity":"12.5","region":"eu","zeta":""},"id":"k-1","source":"urn:tallystick:usage",' +
        '"subject":"main","time":"2026-03-01T12:00:00.000000Z","type":"calls"}',
    );
  });

  it('comes as one event or as a list, with white space wherever JSON has it', () => {
    assert.equal(readPlainUsage(text(EVENT))?.isList, false);
    for (const body of [
      text(EVENT),
      text([EVENT]),
      text([EVENT, { ...EVENT, idempotency_key: 'k-2' }]),
      Buffer.from(JSON.stringify([EVENT, { ...EVENT, properties: {} }], null, '\t ')),
      Buffer.from(`\r\n [ ${JSON.stringify(EVENT)} ,\n${JSON.stringify(EVENT)} ]\n`),
    ]) {
      assert.ok(agree(body), body.toString());
    }
  });

  it('anything else is left to whoever reads any JSON, sound or not', () => {
    const longer = (n: number): string => 'x'.repeat(n);
    for (const [what, body] of Object.entries({
      nothing: '',
      'an empty list': '[]',
      'a list in a list': '[[]]',
      'a comma too many': `[${JSON.stringify(EVENT)},]`,
      'something after the end': `${JSON.stringify(EVENT)} x`,
      'an end too early': JSON.stringify([EVENT]).slice(0, -3),
      'an unknown member': { ...EVENT, color: 'red' },
      'another’s organization': { ...EVENT, organization_id: 'other' },
      'a CloudEvent': { specversion: '1.0', id: 'a', source: 's', type: 't', time: EVENT.timestamp },
      'a number': { ...EVENT, quantity: 12 },
      'an escape': `[{"idempotency_key":"a\\u0062","metric_name":"m","timestamp":"${EVENT.timestamp}"}]`,
      'letters beyond ASCII': { ...EVENT, idempotency_key: 'ключ' },
      'a control character': { ...EVENT, idempotency_key: 'a\u007fb' },
      'a member twice': `{"idempotency_key":"a","idempotency_key":"b","metric_name":"m","timestamp":"${EVENT.timestamp}"}`,
      'a property twice': `{"idempotency_key":"a","metric_name":"m","timestamp":"${EVENT.timestamp}","properties":{"a":"1","a":"2"}}`,
      'a quantity among the properties': { ...EVENT, properties: { quantity: '1' } },
      'a prototype': `{"idempotency_key":"a","metric_name":"m","timestamp":"${EVENT.timestamp}","properties":{"__proto__":"1"}}`,
      'a constructor': { ...EVENT, properties: { constructor: '1' } },
      'no key': { ...EVENT, idempotency_key: '' },
      'a key too long': { ...EVENT, idempotency_key: longer(256) },
      'a value too long': { ...EVENT, properties: { a: longer(501) } },
      'a name too long': { ...EVENT, properties: { [longer(64)]: '1' } },
      'a name of another form': { ...EVENT, properties: { '1a': '1' } },
      'a day that does not exist': { ...EVENT, timestamp: '2026-02-30T00:00:00Z' },
      'a time without a zone': { ...EVENT, timestamp: '2026-02-03T00:00:00' },
      'no time': { idempotency_key: 'a', metric_name: 'm' },
      'too many properties': {
        ...EVENT,
        properties: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`p${i}`, ''])),
      },
      'too many events': Array.from({ length: 1001 }, () => EVENT),
    })) {
      assert.equal(readPlainUsage(text(body)), undefined, what);
    }
  });

  it('at its bounds it is still read: 255 bytes of key, 50 properties of 500 bytes, 1,000 events', () => {
    const properties = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, 'v'.repeat(500)]));
    assert.ok(agree(text({ ...EVENT, idempotency_key: 'k'.repeat(255), properties })));
    assert.ok(agree(text(Array.from({ length: 1000 }, (_, i) => ({ ...EVENT, idempotency_key: `k${i}` })))));
    const tiny = { idempotency_key: 'k', metric_name: '', timestamp: '2026-03-01T12:00:00Z' };
    assert.ok(agree(text(Array.from({ length: 1000 }, () => tiny))));
  });

  const word = fc.string({
    unit: fc.constantFrom('a', 'Z', '9', '_', '-', ' ', '~', '!', '{', '[', ',', ':'),
    maxLength: 9,
  });
  const odd = fc.oneof(
    { weight: 12, arbitrary: word },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
  );
  const name = fc.oneof(
    { weight: 40, arbitrary: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,12}$/) },
    { weight: 1, arbitrary: word },
  );
  const time = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
        .map((date) => date.toISOString()),
    },
    fc.constantFrom(
      '2026-03-01T12:00:00Z',
      '2026-03-01T12:00:00.1Z',
      '2026-03-31T12:00:00.123456Z',
      '2026-02-29T00:00:00Z',
    ),
    fc.constantFrom(
      '2026-03-01T12:00:00+02:00',
      '2026-03-01t12:00:00z',
      '2026-03-01T12:00:00.1234567Z',
      '0000-01-01T00:00:00Z',
      '',
    ),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  );
  const event = fc.record(
    {
      idempotency_key: odd,
      metric_name: odd,
      timestamp: time,
      quantity: fc.oneof(fc.constantFrom('1', '12.5', '0', '-1', '1e3', ''), odd),
      subscription_id: odd,
      properties: fc.dictionary(name, odd, { maxKeys: 6 }),
    },
    { requiredKeys: ['idempotency_key', 'metric_name', 'timestamp'] },
  );

  it('whatever it reads of events made up by chance, the other reads the same', () => {
    let read = 0;
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, '\n'), (events, space) => {
        if (agree(Buffer.from(JSON.stringify(events, null, space)))) read++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(read > 300, `only ${read} of 2,000 were read quickly`);
  });

  it('whatever byte of a sound body is changed, it is read as the other reads it, or not at all', () => {
    const body = text([{ ...EVENT, subscription_id: 'main', properties: { region: 'eu', b: 'c' } }, EVENT]);
    const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],: \t\u0000\u007f0aZ')), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.nat({ max: body.length - 1 }), byte, (at, value) => {
        const changed = Buffer.from(body);
        changed[at] = value;
        agree(changed);
      }),
      { numRuns: 3000 },
    );
  });

  it('keys are hashed as keys that came as texts are', () => {
    const into = Buffer.alloc(32);
    const hash = keyHasher(ACME, 'urn:tallystick:usage');
    for (const key of ['a', 'k'.repeat(255), 'another']) {
      const [event] = readPlainUsage(text({ ...EVENT, idempotency_key: key }))!.events as [PlainEvent];
      hash(event.keyBytes, into, 16);
      assert.deepEqual(into.subarray(16), keyHash(ACME, 'urn:tallystick:usage', key));
    }
  });
});
