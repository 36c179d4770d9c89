import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { parseTenantId } from '../../shared/domain/ids.ts';
import { instantOfMicros } from '../../shared/domain/time.ts';
import { eventCommit, keyHash, keyHashOfReceipt, receiptId, valueCommit } from '../../shared/domain/usage/identity.ts';

const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const idOf = (tenant: string, source: string, key: string, micros = 1_772_366_400_000_000n): string =>
  receiptId(keyHash(parseTenantId(tenant), source, key), instantOfMicros(micros));

describe('the identity of a usage event', () => {
  it('is, for its key, the first half of a hash over label, tenant, source and key', () => {
    const expected = sha256('event-key/v1\n', 'acme', '\n', 'urn:tallystick:usage', '\n', 'Größe-1').subarray(0, 16);
    assert.deepEqual(keyHash(parseTenantId('acme'), 'urn:tallystick:usage', 'Größe-1'), expected);
  });

  it('is, for its receipt, that and the first half of a hash over it and the time', () => {
    const key = sha256('event-key/v1\nacme\nurn:tallystick:usage\nk-1').subarray(0, 16);
    const time = '2026-03-01T12:00:00.000000Z';
    const second = sha256('event-id/v1\n', key.toString('base64url'), '\n', time).subarray(0, 16);
    const id = idOf('acme', 'urn:tallystick:usage', 'k-1');
    assert.equal(id, Buffer.concat([key, second]).toString('base64url'));
    assert.equal(id.length, 43);
  });

  it('is the same for the same event, however often it is asked for', () => {
    assert.equal(idOf('acme', 'urn:a', 'k'), idOf('acme', 'urn:a', 'k'));
  });

  it('leads back from the receipt to the key it was deduplicated by', () => {
    const key = keyHash(parseTenantId('acme'), 'urn:a', 'k');
    assert.deepEqual(keyHashOfReceipt(receiptId(key, instantOfMicros(0n))), key);
  });

  it('differs with tenant, source, key or time, also by a microsecond', () => {
    const ids = [
      idOf('acme', 'urn:a', 'k'),
      idOf('acmf', 'urn:a', 'k'),
      idOf('acme', 'urn:b', 'k'),
      idOf('acme', 'urn:a', 'K'),
      idOf('acme', 'urn:a', 'k '),
      idOf('acme', 'urn:a', 'k', 1_772_366_400_000_001n),
      // What stands left of a border moves to its right.
      idOf('acmeu', 'rn:a', 'k'),
      idOf('acme', 'urn:ak', 'k'),
      idOf('acme', 'urn:a', 'kk'),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is never shared by two events', () => {
    // Few letters, so that neighbours are common and parts run into one another.
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '-'), minLength: 1, maxLength: 3 });
    const event = fc.tuple(fc.constantFrom('acme', 'acme-a', 'acme-b'), word, word, fc.bigInt({ min: 0n, max: 2n }));
    fc.assert(
      fc.property(fc.uniqueArray(event, { selector: (parts) => parts.join(' '), maxLength: 30 }), (events) => {
        const ids = new Set(events.map(([tenant, source, key, micros]) => idOf(tenant, source, key, micros)));
        assert.equal(ids.size, events.length);
      }),
    );
  });

  it('with another time keeps the half that finds the first delivery', () => {
    const [one, other] = [idOf('acme', 'urn:a', 'k', 1n), idOf('acme', 'urn:a', 'k', 2n)];
    assert.notEqual(one, other);
    assert.equal(one.slice(0, 21), other.slice(0, 21));
  });
});

describe('the commitment to an event', () => {
  const event = '{"data":{"quantity":"12.5"},"id":"k-1"}';
  const salt = Buffer.alloc(32, 7);

  it('is SHA-256 over label, salt and the digest of the event', () => {
    const expected = sha256('event/v1\n', salt, sha256(event)).toString('base64url');
    assert.equal(eventCommit(salt, sha256(event)), expected);
  });

  it('does not depend on the commitment before', () => {
    const before = eventCommit(salt, sha256(event));
    eventCommit(Buffer.alloc(32, 255), sha256('another event'));
    assert.equal(eventCommit(salt, sha256(event)), before);
  });

  it('opens with the salt and the event it was made of, and no others', () => {
    const commit = eventCommit(salt, sha256(event));
    for (let bit = 0; bit < 256; bit++) {
      const other = Buffer.from(salt);
      other[bit >> 3]! ^= 1 << (bit & 7);
      assert.notEqual(eventCommit(other, sha256(event)), commit);
    }
    assert.notEqual(eventCommit(salt, sha256(event.replace('12.5', '12.6'))), commit);
    assert.notEqual(eventCommit(sha256(event), salt), commit);
  });

  it('is never made over a short salt or digest, which would leave the last one standing in its place', () => {
    const digest = sha256(event);
    for (const wrong of [Buffer.alloc(0), Buffer.alloc(16), Buffer.alloc(31), Buffer.alloc(33)]) {
      assert.throws(() => eventCommit(wrong, digest), RangeError);
      assert.throws(() => eventCommit(salt, wrong), RangeError);
    }
  });
});

describe('the commitment to a counted value', () => {
  const salt = Buffer.alloc(32, 9);

  it('is SHA-256 over label, salt and value, a line each', () => {
    const expected = sha256('value/v1\n', salt.toString('base64url'), '\n', 'user-ä').toString('base64url');
    assert.equal(valueCommit(salt, 'user-ä'), expected);
  });

  it('is the same for a value within a period, and another one in another', () => {
    assert.equal(valueCommit(salt, 'ada'), valueCommit(salt, 'ada'));
    assert.notEqual(valueCommit(salt, 'ada'), valueCommit(salt, 'ben'));
    assert.notEqual(valueCommit(salt, 'ada'), valueCommit(Buffer.alloc(32, 10), 'ada'));
  });
});
