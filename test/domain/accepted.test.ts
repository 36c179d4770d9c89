import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Quantity } from '../../shared/domain/decimals.ts';
import { instantOfMicros } from '../../shared/domain/time.ts';
import {
  type AcceptedEvent,
  type FreshEvent,
  packEvents,
  repackEvents,
  unpackEvents,
} from '../../shared/domain/usage/accepted.ts';
import { receiptId } from '../../shared/domain/usage/identity.ts';

const fresh: fc.Arbitrary<FreshEvent> = fc.record(
  {
    keyHash: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    subscription: fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/),
    meter: fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/),
    quantity: fc.bigInt({ min: -(10n ** 32n) + 1n, max: 10n ** 32n - 1n }).map((units) => units as Quantity),
    occurredAt: fc.bigInt({ min: 0n, max: 4n * 10n ** 15n }).map(instantOfMicros),
    value: fc.string({ unit: fc.constantFrom('a', '\n', '"', '\\', '\u2028', 'é', '😀', '[', ']', ',') }),
    // A canonical text: it is never empty, and its control characters are escaped.
    event: fc
      .string({ unit: fc.constantFrom('{', '"', '\\n', 'ü', '}', ',', '\u2029', '\u0085') })
      .map((text) => `{${text}}`),
  },
  { noNullPrototype: true },
);
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const batch = fc.array(fresh, { minLength: 1, maxLength: 20 });
const SEED = Buffer.alloc(32, 7);

const plain = (event: AcceptedEvent): AcceptedEvent => ({
  receiptId: event.receiptId,
  subscription: event.subscription,
  meter: event.meter,
  quantity: event.quantity,
  occurredAt: event.occurredAt,
  value: event.value,
  salt: event.salt,
  event: event.event,
});
const facts = ({ receiptId: _, salt: __, ...rest }: AcceptedEvent) => rest;

describe('a batch of accepted events', () => {
  it('comes back as it was kept, in order, whatever its texts hold, each under the id its key and time give it', () => {
    fc.assert(
      fc.property(batch, seed, (events, chance) => {
        const back = unpackEvents(packEvents(events, chance)).map(plain);
        assert.deepEqual(
          back.map(facts),
          events.map(({ keyHash: _, ...rest }) => rest),
        );
        assert.deepEqual(
          back.map((event) => event.receiptId),
          events.map(({ keyHash, occurredAt }) => receiptId(keyHash, occurredAt)),
        );
      }),
    );
  });

  it('gives each event a salt of 32 bytes of its own, the same whenever it is read, another under another seed', () => {
    const events = fc.sample(fresh, { numRuns: 50, seed: 3 });
    const salts = (chance: Uint8Array) => unpackEvents(packEvents(events, chance)).map(({ salt }) => salt);
    const [one, again, other] = [salts(SEED), salts(SEED), salts(Buffer.alloc(32, 8))];
    assert.deepEqual(one, again);
    for (const salt of one) assert.match(salt, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(new Set([...one, ...other]).size, 100);
  });

  it('of which an event was erased keeps the others’ salts as they were, and nothing that leads to the erased one', () => {
    const before = unpackEvents(packEvents(fc.sample(fresh, { numRuns: 5, seed: 5 }), SEED)).map(plain);
    const left = before.map((event, i) => (i === 2 ? { ...event, value: '', salt: '', event: '' } : event));
    const bytes = repackEvents(left);
    assert.deepEqual(unpackEvents(bytes).map(plain), left);
    assert.deepEqual(repackEvents(unpackEvents(bytes)), bytes);
    assert.equal(bytes.includes(SEED), false);
    assert.equal(bytes.includes(Buffer.from(before[2]!.salt, 'base64url')), false);
    assert.equal(bytes.includes(Buffer.from(before[3]!.salt, 'base64url')), true);
  });

  it('takes some seventy bytes an event where clients send what clients send', () => {
    const events = Array.from({ length: 500 }, (_, i): FreshEvent => {
      const id = `evt-${(i * 7919 + 104_729).toString(36)}-${(i * 15_485_863).toString(16)}`;
      const time = instantOfMicros(1_772_366_400_000_000n + BigInt(i) * 1000n);
      return {
        ...{
          keyHash: Buffer.alloc(16, i * 31),
          subscription: 'main',
          meter: 'calls',
          quantity: 1n as Quantity,
          value: '',
        },
        occurredAt: time,
        event: `{"data":{"model":"large","quantity":"1","region":"eu"},"id":"${id}","source":"urn:x","subject":"main","time":"${time}","type":"calls"}`,
      };
    });
    const each = packEvents(events, SEED).length / 500;
    assert.ok(each < 70, `${each} bytes an event`);
  });

  it('is read from a stretch of memory as from a buffer of its own', () => {
    const packed = packEvents(fc.sample(fresh, { numRuns: 3, seed: 11 }), SEED);
    const memory = Buffer.concat([Buffer.from('before'), packed, Buffer.from('after')]);
    const within = new Uint8Array(memory.buffer, memory.byteOffset + 6, packed.length);
    assert.deepEqual(unpackEvents(within).map(plain), unpackEvents(packed).map(plain));
  });
});
