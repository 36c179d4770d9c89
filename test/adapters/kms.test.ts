import assert from 'node:assert/strict';
import { constants, createPublicKey, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { crc32c } from '@aws-crypto/crc32c';
import { status } from '@grpc/grpc-js';
import { KmsSigner, type KmsSignerOptions } from '../../shared/adapters/kms/signer.ts';
import { ManualClock, SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { PublicKey } from '../../shared/ports/signer.ts';
import { type KmsDouble, type KmsMessage, type KmsMethod, startKmsDouble } from '../support/doubles/kms.ts';
import { signerContract } from './contracts/signer.ts';

signerContract('Cloud KMS, on a double', async () => {
  const double = await startKmsDouble();
  const opened: KmsSigner[] = [];
  return {
    open: async () => {
      const { keyRing, endpoint } = double;
      const common = { clock: new SystemClock(), entropy: new SystemEntropy() };
      const signer = new KmsSigner({ keyRing, endpoint, requireHsm: true, ...common });
      opened.push(signer);
      return signer;
    },
    modulusLength: 2048,
    dispose: async () => {
      for (const signer of opened) await signer.close();
      await double.close();
    },
  };
});

/** A clock that only moves when it is told to, and remembers who asked it to wait how long. */
class WaitingRoom implements Clock {
  readonly asked: number[] = [];
  readonly #clock = new ManualClock(parseInstant('2026-03-01T00:00:00Z', 'test'));

  now() {
    return this.#clock.now();
  }

  after(milliseconds: number, wake: () => void): () => void {
    this.asked.push(milliseconds);
    return this.#clock.after(milliseconds, wake);
  }

  /** Waits until somebody has asked for the wait number `count`, then lets that wait pass. @returns how long it is */
  async pass(count: number): Promise<number> {
    while (this.asked.length < count) await new Promise(setImmediate);
    const wait = this.asked[count - 1]!;
    this.#clock.advance(wait);
    return wait;
  }
}

const flipped = (bytes: unknown): Buffer => {
  const copy = Buffer.from(bytes as Buffer);
  copy[100]! ^= 1;
  return copy;
};
const plusOne = (checksum: unknown) => ({ value: Number((checksum as { value: number }).value) + 1 });
const crcOf = (bytes: Buffer) => ({ value: crc32c(bytes) });

describe('a signer of Cloud KMS', () => {
  const bytes = Buffer.from('ledger.example.com/eu1/2026\n7\nroot\n');
  let double: KmsDouble;
  let clock: WaitingRoom;
  let signer: KmsSigner;
  let opened: KmsSigner[];

  const open = (more: Partial<KmsSignerOptions> = {}): KmsSigner => {
    const { keyRing, endpoint } = double;
    // Chance that is always nothing: every wait is the shortest it can be.
    const entropy = { bytes: (length: number) => new Uint8Array(length) };
    const made = new KmsSigner({ keyRing, endpoint, clock, entropy, requireHsm: true, ...more });
    opened.push(made);
    return made;
  };

  beforeEach(async () => {
    double = await startKmsDouble();
    clock = new WaitingRoom();
    opened = [];
    signer = open();
  });
  afterEach(async () => {
    for (const each of opened) await each.close();
    await double.close();
  });

  const signs = ({ n, e }: PublicKey, signature: Uint8Array): boolean => {
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    return verify('sha256', bytes, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
  };

  describe('believes no answer that it has not checked', () => {
    const LIES: readonly (readonly [string, KmsMethod, (answer: KmsMessage) => KmsMessage, RegExp])[] = [
      [
        'a signature with a bit turned over, checksum and all',
        'AsymmetricSign',
        (answer) => ({
          ...answer,
          signature: flipped(answer['signature']),
          signatureCrc32c: crcOf(flipped(answer['signature'])),
        }),
        /sign with .*\/1: the signature does not verify/,
      ],
      [
        'a signature damaged on its way',
        'AsymmetricSign',
        (answer) => ({ ...answer, signature: flipped(answer['signature']) }),
        /the CRC32C of the signature does not fit/,
      ],
      [
        'a checksum of something else',
        'AsymmetricSign',
        (answer) => ({ ...answer, signatureCrc32c: plusOne(answer['signatureCrc32c']) }),
        /the CRC32C of the signature does not fit/,
      ],
      [
        'no checksum at all',
        'AsymmetricSign',
        ({ signatureCrc32c: _, ...answer }) => answer,
        /the CRC32C of the signature does not fit/,
      ],
      [
        'a service that did not look at the checksum of the digest',
        'AsymmetricSign',
        (answer) => ({ ...answer, verifiedDigestCrc32c: false }),
        /did not check the CRC32C of the digest/,
      ],
      [
        'a signature by another version',
        'AsymmetricSign',
        (answer) => ({ ...answer, name: `${answer['name']}1` }),
        /\/cryptoKeyVersions\/11 signed instead/,
      ],
      [
        'a signature that no HSM made',
        'AsymmetricSign',
        (answer) => ({ ...answer, protectionLevel: 'SOFTWARE' }),
        /SOFTWARE signed, not an HSM/,
      ],
    ];
    for (const [what, method, change, complaint] of LIES) {
      it(`${what}: three times is an error, once is asked for again`, async () => {
        const key = await signer.createKey('checkpoint');
        double.lie(method, change, 1);
        assert.ok(signs(key, await signer.sign(key.kid, bytes)));
        assert.equal(double.calls(method), 2);
        double.lie(method, change);
        await assert.rejects(signer.sign(key.kid, bytes), (error: unknown) => {
          assert.ok(error instanceof Error && !(error instanceof TryAgain));
          assert.match(error.message, complaint);
          return true;
        });
        assert.equal(double.calls(method), 2 + 3);
        assert.deepEqual(clock.asked, [], 'nothing is gained by waiting');
      });
    }

    it('a public key damaged on its way, or another one’s: three times is an error, once is asked for again', async () => {
      const key = await signer.createKey('evidence');
      for (const change of [
        (answer: KmsMessage) => ({ ...answer, pem: String(answer['pem']).replace(/M/, 'N') }),
        (answer: KmsMessage) => ({ ...answer, pemCrc32c: plusOne(answer['pemCrc32c']) }),
        (answer: KmsMessage) => ({ ...answer, name: `${answer['name']}1` }),
      ]) {
        double.lie('GetPublicKey', change, 1);
        assert.deepEqual(await open().publicKeys(), [key]);
        double.lie('GetPublicKey', change);
        await assert.rejects(open().publicKeys(), /asked 3 times to give the public key of .*\/evidence\/.*\/1: /);
        double.behave();
      }
    });

    it('two versions with one and the same key: a kid stands for one version', async () => {
      await signer.createKey('evidence');
      await signer.createKey('evidence');
      let first: KmsMessage | undefined;
      double.lie('GetPublicKey', (answer) => {
        first ??= answer;
        return { ...answer, pem: first['pem'], pemCrc32c: first['pemCrc32c'] };
      });
      await assert.rejects(open().publicKeys(), /two key versions hold the same key/);
    });

    it('a version that belongs to another key', async () => {
      await signer.createKey('evidence');
      double.lie('ListCryptoKeyVersions', (answer) => ({
        cryptoKeyVersions: (answer['cryptoKeyVersions'] as { name: string }[]).map((version) => ({
          ...version,
          name: version.name.replace('/evidence/', '/somebody-elses/'),
        })),
      }));
      await assert.rejects(open().publicKeys(), /is no version of .*\/cryptoKeys\/evidence$/);
    });
  });

  describe('works with RS256 keys in an HSM', () => {
    const listing = (change: (answer: KmsMessage) => KmsMessage): void =>
      double.lie('ListCryptoKeyVersions', ({ cryptoKeyVersions, ...answer }) => ({
        ...answer,
        cryptoKeyVersions: (cryptoKeyVersions as KmsMessage[]).map(change),
      }));

    it('a key in software is an error where an HSM is asked for, and a key like any other where not', async () => {
      double.protectionLevel = 'SOFTWARE';
      const lax = open({ requireHsm: false });
      const key = await lax.createKey('checkpoint');
      assert.ok(signs(key, await lax.sign(key.kid, bytes)));
      await assert.rejects(signer.publicKeys(), /is held by SOFTWARE, not an HSM/);
      await assert.rejects(signer.sign(key.kid, bytes), /is held by SOFTWARE, not an HSM/);
    });

    it('it is enough that one of listing and public key says so', async () => {
      await signer.createKey('checkpoint');
      const external = (answer: KmsMessage): KmsMessage => ({ ...answer, protectionLevel: 'EXTERNAL' });
      double.lie('GetPublicKey', external, 1);
      await assert.rejects(open().publicKeys(), /is held by EXTERNAL, not an HSM/);
      listing(external);
      await assert.rejects(open().publicKeys(), /is held by EXTERNAL, not an HSM/);
    });

    it('a key that signs otherwise is an error: PSS, SHA-512, elliptic curves', async () => {
      await signer.createKey('checkpoint');
      for (const algorithm of ['RSA_SIGN_PSS_2048_SHA256', 'RSA_SIGN_PKCS1_4096_SHA512', 'EC_SIGN_P256_SHA256']) {
        const otherwise = (answer: KmsMessage): KmsMessage => ({ ...answer, algorithm });
        for (const lie of [() => listing(otherwise), () => double.lie('GetPublicKey', otherwise)]) {
          lie();
          await assert.rejects(open().publicKeys(), new RegExp(`signs with ${algorithm}, not RS256`));
          double.behave();
        }
      }
    });
  });

  describe('pins a kid to its key version', () => {
    it('newer versions change nothing: each kid signs with the version it was made as', async () => {
      const made = [
        await signer.createKey('checkpoint'),
        await signer.createKey('checkpoint'),
        await signer.createKey('checkpoint'),
      ];
      const asked: unknown[] = [];
      double.lie('AsymmetricSign', (answer) => {
        asked.push(answer['name']);
        return answer;
      });
      const fresh = open();
      for (const key of made) assert.ok(signs(key, await fresh.sign(key.kid, bytes)));
      assert.deepEqual(asked, double.versions());
    });

    it('a digest damaged on its way there is sent again, three times at most', async () => {
      const key = await signer.createKey('evidence');
      // What the double answers a digest that does not fit its checksum.
      double.fail('AsymmetricSign', status.INVALID_ARGUMENT, 1);
      assert.ok(signs(key, await signer.sign(key.kid, bytes)));
      double.fail('AsymmetricSign', status.INVALID_ARGUMENT);
      await assert.rejects(signer.sign(key.kid, bytes), /asked 3 times to sign with .*: .*INVALID_ARGUMENT/);
      assert.equal(double.calls('AsymmetricSign'), 2 + 3);
    });

    it('a public key is fetched once; versions are listed page by page', async () => {
      for (const purpose of ['evidence', 'checkpoint', 'evidence', 'evidence'] as const)
        await signer.createKey(purpose);
      double.pageSize = 1;
      const fresh = open();
      const before = double.calls('GetPublicKey');
      const keys = await fresh.publicKeys();
      assert.deepEqual(
        keys.map(({ purpose }) => purpose),
        ['evidence', 'checkpoint', 'evidence', 'evidence'],
      );
      assert.deepEqual(await fresh.publicKeys(), keys);
      await fresh.sign(keys[1]!.kid, bytes);
      assert.equal(double.calls('GetPublicKey') - before, 4);
    });
  });

  describe('knows the states of a version', () => {
    it('a disabled version is shown by who knew it, left out by who did not, and signs for nobody', async () => {
      const old = await signer.createKey('checkpoint');
      const now = await signer.createKey('checkpoint');
      double.setState(double.versions()[0]!, 'DISABLED');
      assert.deepEqual(await signer.publicKeys(), [old, now]);
      assert.deepEqual(await open().publicKeys(), [now]);
      await assert.rejects(signer.sign(old.kid, bytes), (error: unknown) => {
        assert.ok(error instanceof Error && !(error instanceof TryAgain));
        assert.match(error.message, /FAILED_PRECONDITION .* is not enabled, current state is: DISABLED/);
        return true;
      });
      await assert.rejects(open().sign(old.kid, bytes), /holds no key/);
      assert.ok(signs(now, await signer.sign(now.kid, bytes)));
    });

    it('a version on its way to destruction is left out', async () => {
      await signer.createKey('checkpoint');
      const now = await signer.createKey('checkpoint');
      double.setState(double.versions()[0]!, 'DESTROY_SCHEDULED');
      assert.deepEqual(await signer.publicKeys(), [now]);
    });

    it('an enabled version whose public key is withheld is an error, not a key less', async () => {
      await signer.createKey('checkpoint');
      double.fail('GetPublicKey', status.FAILED_PRECONDITION);
      await assert.rejects(open().publicKeys(), /does not give the public key/);
    });

    it('a new key is handed out when the HSM has made it: looked at each second', async () => {
      double.generationPolls = 3;
      const making = signer.createKey('evidence');
      assert.equal(await clock.pass(1), 1000);
      assert.deepEqual(await open().publicKeys(), [], 'not before');
      assert.equal(await clock.pass(2), 1000);
      assert.deepEqual(await open().publicKeys(), [await making]);
      assert.deepEqual(clock.asked, [1000, 1000]);
    });

    it('a key that cannot be made is an error; one that takes over a minute may be there later', async () => {
      double.generationPolls = Number.POSITIVE_INFINITY;
      const failing = signer.createKey('evidence');
      await clock.pass(1).then(() => double.setState(double.versions()[0]!, 'GENERATION_FAILED'));
      await assert.rejects(failing, /became GENERATION_FAILED/);
      const slow = assert.rejects(signer.createKey('evidence'), TryAgain);
      for (let wait = 2; wait <= 61; wait++) await clock.pass(wait);
      await slow;
    });
  });

  describe('backs off', () => {
    const waitsOf = async (work: Promise<unknown>, count: number): Promise<number[]> => {
      work.catch(() => undefined);
      const waits: number[] = [];
      for (let wait = 1; wait <= count; wait++) waits.push(await clock.pass(wait));
      return waits;
    };

    it('out of quota twice: waits half of 200 ms and of 400 ms at least, then signs', async () => {
      const key = await signer.createKey('checkpoint');
      double.fail('AsymmetricSign', status.RESOURCE_EXHAUSTED, 2);
      const signing = signer.sign(key.kid, bytes);
      assert.deepEqual(await waitsOf(signing, 2), [100, 200]);
      assert.ok(signs(key, await signing));
      assert.equal(double.calls('AsymmetricSign'), 3);
    });

    it('and up to the whole of them: who failed together does not return together', async () => {
      const entropy = { bytes: (length: number) => new Uint8Array(length).fill(255) };
      const unlucky = open({ entropy });
      const key = await unlucky.createKey('checkpoint');
      double.fail('AsymmetricSign', status.RESOURCE_EXHAUSTED, 3);
      const signing = unlucky.sign(key.kid, bytes);
      // 65535/65536 of the second half of 200, 400 and 800 ms.
      assert.deepEqual((await waitsOf(signing, 3)).map(Math.round), [200, 400, 800]);
      assert.ok(clock.asked.every((wait, index) => wait < 200 * 2 ** index));
      await signing;
    });

    for (const [code, seconds] of [
      [status.RESOURCE_EXHAUSTED, 30],
      [status.UNAVAILABLE, 5],
      [status.DEADLINE_EXCEEDED, 5],
    ] as const) {
      it(`${status[code]} four times in a row: try again in ${seconds} seconds`, async () => {
        const key = await signer.createKey('checkpoint');
        double.fail('AsymmetricSign', code);
        const signing = signer.sign(key.kid, bytes);
        await waitsOf(signing, 3);
        await assert.rejects(signing, (error: unknown) => {
          assert.ok(error instanceof TryAgain);
          assert.equal(error.retryAfterSeconds, seconds);
          return true;
        });
        assert.equal(double.calls('AsymmetricSign'), 4);
      });
    }

    it('a service that never answers has answered DEADLINE_EXCEEDED', async () => {
      const hasty = open({ callMilliseconds: 50 });
      const key = await hasty.createKey('checkpoint');
      double.delay('AsymmetricSign', 200);
      const signing = hasty.sign(key.kid, bytes);
      await waitsOf(signing, 3);
      await assert.rejects(signing, TryAgain);
    });

    it('a service that is not there is one to try again', async () => {
      await double.close();
      const listing = signer.publicKeys();
      listing.catch(() => undefined);
      // Both purposes are listed at once, each with three waits.
      for (let wait = 1; wait <= 6; wait++) await clock.pass(wait);
      await assert.rejects(listing, TryAgain);
    });

    it('a key is asked for once: nobody knows whether the lost answer made one', async () => {
      double.fail('CreateCryptoKeyVersion', status.UNAVAILABLE);
      await assert.rejects(signer.createKey('checkpoint'), TryAgain);
      assert.equal(double.calls('CreateCryptoKeyVersion'), 1);
      assert.deepEqual(clock.asked, []);
    });

    it('what is forbidden is not tried again, and the error holds no more than the sentence', async () => {
      const key = await signer.createKey('checkpoint');
      double.fail('AsymmetricSign', status.PERMISSION_DENIED);
      await assert.rejects(signer.sign(key.kid, bytes), (error: unknown) => {
        assert.ok(error instanceof Error && !(error instanceof TryAgain));
        assert.match(error.message, /^Cloud KMS does not sign with .*\/1: PERMISSION_DENIED the double was told to$/);
        assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /metadata|authorization|headers/i);
        return true;
      });
      assert.equal(double.calls('AsymmetricSign'), 1);
      await assert.rejects(open({ keyRing: 'projects/p/locations/l/keyRings/none' }).publicKeys(), /NOT_FOUND/);
    });

    it('credentials that cannot be read are the caller’s error, each time anew', async () => {
      const before = process.env['GOOGLE_APPLICATION_CREDENTIALS'];
      process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nowhere/key.json';
      try {
        const lost = new KmsSigner({
          keyRing: double.keyRing,
          clock,
          entropy: new SystemEntropy(),
          requireHsm: true,
        });
        opened.push(lost);
        for (let attempt = 0; attempt < 2; attempt++) await assert.rejects(lost.publicKeys(), /\/nowhere\/key\.json/);
      } finally {
        if (before === undefined) delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
        else process.env['GOOGLE_APPLICATION_CREDENTIALS'] = before;
      }
    });
  });
});
