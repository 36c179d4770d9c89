import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import type { PublicKey, Signer } from '../../../shared/ports/signer.ts';

export interface SignerRig {
  /** A client of its own on the rig's keys: what a second process, or the first after a restart, would hold. */
  open(): Promise<Signer>;
  /** Bits of the keys it makes. */
  readonly modulusLength: number;
  dispose(): Promise<void>;
}

const numberIn = (base64url: string): bigint => BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`);

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % modulus) {
    if (left & 1n) result = (result * square) % modulus;
  }
  return result;
}

/**
 * RSASSA-PKCS1-v1_5 with SHA-256 by its definition (RFC 8017 sections 8.2.2 and 9.2), without a crypto library:
 * signature^e mod n = 00 01 FF … FF 00 ‖ DigestInfo ‖ SHA-256(bytes)
 */
function verifiesByHand({ n, e }: PublicKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  const size = Buffer.from(n, 'base64url').length;
  const tail = `003031300d060960864801650304020105000420${createHash('sha256').update(bytes).digest('hex')}`;
  const encoded = `0001${'ff'.repeat(size - 2 - tail.length / 2)}${tail}`;
  const opened = power(numberIn(Buffer.from(signature).toString('base64url')), numberIn(e), numberIn(n));
  return signature.length === size && opened === BigInt(`0x${encoded}`);
}

/** @param makeRig called once: its keys are shared by the sentences, making them is slow */
export function signerContract(adapter: string, makeRig: () => Promise<SignerRig>): void {
  describe(`a signer signs with keys that never leave it (${adapter})`, () => {
    let rig: SignerRig;
    let signer: Signer;
    let first: PublicKey;
    let second: PublicKey;
    let third: PublicKey;
    const bytes = new TextEncoder().encode('ledger.example.com/eu1/2026\n7\nroot\n');

    before(async () => {
      rig = await makeRig();
      signer = await rig.open();
      assert.deepEqual(await signer.publicKeys(), []);
      first = await signer.createKey('evidence');
      second = await signer.createKey('checkpoint');
      third = await signer.createKey('evidence');
    });
    after(() => rig.dispose());

    it('a signature opens to the PKCS #1 v1.5 form of the SHA-256 of its bytes, by arithmetic alone', async () => {
      const signature = await signer.sign(first.kid, bytes);
      assert.ok(verifiesByHand(first, bytes, signature));
      assert.ok(!verifiesByHand(second, bytes, signature), 'not under another key');
      assert.ok(!verifiesByHand(first, bytes.subarray(1), signature), 'not over other bytes');
    });

    it('the same bytes give the same signature, also when asked 20 times at once', async () => {
      const signatures = await Promise.all(Array.from({ length: 20 }, () => signer.sign(second.kid, bytes)));
      assert.equal(new Set(signatures.map((signature) => Buffer.from(signature).toString('hex'))).size, 1);
      assert.ok(verifiesByHand(second, bytes, signatures[0] ?? bytes));
    });

    it('nothing at all can be signed, too', async () => {
      const nothing = new Uint8Array(0);
      assert.ok(verifiesByHand(first, nothing, await signer.sign(first.kid, nothing)));
    });

    it('a key has the size asked for and the exponent 65537', () => {
      assert.equal(numberIn(second.n).toString(2).length, rig.modulusLength);
      assert.equal(numberIn(second.e), 65537n);
    });

    it('a kid is the SHA-256 of the key in the form of RFC 7638', () => {
      for (const { kid, n, e } of [first, second]) {
        const required = `{"e":"${e}","kty":"RSA","n":"${n}"}`;
        assert.equal(kid, createHash('sha256').update(required).digest('base64url'));
      }
    });

    it('public keys are listed oldest first, over all purposes, each with the one purpose it was made for', async () => {
      assert.deepEqual(await signer.publicKeys(), [first, second, third]);
      assert.deepEqual([first.purpose, second.purpose, third.purpose], ['evidence', 'checkpoint', 'evidence']);
    });

    it('keys outlive the client that made them', async () => {
      const later = await rig.open();
      assert.deepEqual(await later.publicKeys(), [first, second, third]);
      assert.deepEqual(await later.sign(second.kid, bytes), await signer.sign(second.kid, bytes));
    });

    it('a key one client makes, another that was already open signs with', async () => {
      const other = await rig.open();
      const [one, two] = await Promise.all([signer.createKey('checkpoint'), other.createKey('checkpoint')]);
      assert.notEqual(one.kid, two.kid);
      assert.ok(verifiesByHand(one, bytes, await other.sign(one.kid, bytes)));
      assert.ok(verifiesByHand(two, bytes, await signer.sign(two.kid, bytes)));
      const listed = await signer.publicKeys();
      assert.equal(listed.length, 5);
      assert.deepEqual(await other.publicKeys(), listed);
    });

    it('an unknown kid is refused by name', async () => {
      for (const kid of ['unknown', '', '../../etc/passwd', `${first.kid}x`])
        await assert.rejects(signer.sign(kid, bytes), /holds no key/);
    });

    it('nothing it hands out or prints holds a private part', async () => {
      assert.deepEqual(Object.keys(first).toSorted(), ['e', 'kid', 'n', 'purpose']);
      const printed = inspect(signer, { depth: 10, showHidden: true }) + JSON.stringify(signer);
      assert.doesNotMatch(printed, /PRIVATE KEY|privateKey|"d"/);
    });
  });
}
