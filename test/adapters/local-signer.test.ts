import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compactVerify } from 'jose';
import { FileSigner } from '../../shared/adapters/local/signer.ts';
import { base64url } from '../../shared/domain/canonical.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { signerContract } from './contracts/signer.ts';

signerContract('files', async () => {
  const folder = await tempFolder();
  return {
    open: () => FileSigner.open({ folder: folder.path, modulusLength: 2048 }),
    modulusLength: 2048,
    dispose: folder.remove,
  };
});

describe('a signer of files', () => {
  let folder: TempFolder;
  const open = (modulusLength: 2048 | 3072 = 2048) => FileSigner.open({ folder: folder.path, modulusLength });

  beforeEach(async () => {
    folder = await tempFolder();
  });
  afterEach(() => folder.remove());

  it('a 3072-bit key makes an RS256 signature that a JOSE library takes', async () => {
    const signer = await open(3072);
    const { kid, n, e } = await signer.createKey('checkpoint');
    const input = `${base64url(Buffer.from(JSON.stringify({ alg: 'RS256', kid })))}.${base64url(Buffer.from('root'))}`;
    const jws = `${input}.${base64url(await signer.sign(kid, Buffer.from(input)))}`;
    const { payload } = await compactVerify(jws, createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }));
    assert.equal(Buffer.from(payload).toString(), 'root');
    assert.equal(Buffer.from(n, 'base64url').length, 3072 / 8);
  });

  it('private keys are files only their owner can read, in folders only their owner can enter', async () => {
    await chmod(folder.path, 0o755);
    const { kid } = await (await open()).createKey('evidence');
    const keys = join(folder.path, 'evidence');
    assert.deepEqual(await readdir(keys), [`0001-${kid}.pem`]);
    assert.equal((await stat(join(keys, `0001-${kid}.pem`))).mode & 0o777, 0o600);
    for (const path of [keys, folder.path]) assert.equal((await stat(path)).mode & 0o777, 0o700);
  });

  it('a key file that does not hold the key it is named after is refused', async () => {
    const { kid } = await (await open()).createKey('evidence');
    const keys = join(folder.path, 'evidence');
    const other = `${kid.startsWith('A') ? 'B' : 'A'}${kid.slice(1)}`;
    await rename(join(keys, `0001-${kid}.pem`), join(keys, `0001-${other}.pem`));
    await assert.rejects(open(), new RegExp(`key file ${other} holds key ${kid}`));
  });

  it('a key that is not RSA is refused; a file that is no key file is passed over', async () => {
    await mkdir(join(folder.path, 'checkpoint'));
    await writeFile(join(folder.path, 'checkpoint', 'README.txt'), 'keys live here');
    assert.deepEqual(await (await open()).publicKeys(), []);
    const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(join(folder.path, 'checkpoint', `0001-${'A'.repeat(43)}.pem`), pem);
    await assert.rejects(open(), /a signing key is an RSA key/);
  });
});
