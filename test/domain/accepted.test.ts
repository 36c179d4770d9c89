import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Quantity } from '../../shared/domain/decimals.ts';
import { instantOfMicros } from '../../shared/domain/time.ts';
import { type AcceptedEvent, packEvents, unpackEvents } from '../../shared/domain/usage/accepted.ts';

const event: fc.Arbitrary<AcceptedEvent> = fc.record(
  {
    receiptId: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    subscription: fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/),
    meter: fc.stringMatching(/^[a-z0-9][a-z0-9_.-]{0,20}$/),
    quantity: fc.bigInt({ min: 0n, max: 10n ** 32n - 1n }).map((units) => units as Quantity),
    occurredAt: fc.bigInt({ min: 0n, max: 4n * 10n ** 15n }).map(instantOfMicros),
    value: fc.string({ unit: fc.constantFrom('a', '\n', '"', '\\', '\u2028', 'é', '😀', '[', ']', ',') }),
    salt: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    event: fc.string({ unit: fc.constantFrom('{', '"', '\\n', '\n', 'ü', '}', ',', '\u2029') }),
  },
  { noNullPrototype: true },
);

describe('a batch of accepted events', () => {
  it('comes back as it was kept, in order, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), (events) => {
        assert.deepEqual(unpackEvents(packEvents(events)), events);
      }),
    );
  });

  it('is one line per event', () => {
    const [one] = fc.sample(event, { numRuns: 1, seed: 7 }) as [AcceptedEvent];
    const text = packEvents([{ ...one, value: 'two\nlines' }, one, one]).toString('utf8');
    assert.equal(text.split('\n').length, 3);
  });

  it('is read from a stretch of memory as from a buffer of its own', () => {
    const events = fc.sample(event, { numRuns: 3, seed: 11 });
    const packed = packEvents(events);
    const memory = Buffer.concat([Buffer.from('before'), packed, Buffer.from('after')]);
    assert.deepEqual(unpackEvents(new Uint8Array(memory.buffer, memory.byteOffset + 6, packed.length)), events);
  });

  it('is not read where a quantity is not canonical: somebody else wrote it', () => {
    const line = JSON.stringify(['id', 'sub-1', 'api', '1.50', '2026-03-01T00:00:00.000000Z', '', 'salt', '{}']);
    assert.throws(() => unpackEvents(Buffer.from(line)), /the quantity 1\.50/);
  });
});
