import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32c } from '@aws-crypto/crc32c';
import { status } from '@grpc/grpc-js';
import { KmsKeyWrapper } from '../../shared/adapters/kms/key-wrapper.ts';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { FileKeyWrapper } from '../../shared/adapters/local/key-wrapper.ts';
import { TryAgain } from '../../shared/domain/errors.ts';
import { type KmsDouble, startKmsDouble } from '../support/doubles/kms.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { keyWrapperContract } from './contracts/key-wrapper.ts';

const KEY = Buffer.from('a data key of thirty-two bytes..');
const over = ({ wrappingKey: key, endpoint }: KmsDouble): KmsKeyWrapper =>
  new KmsKeyWrapper({ key, endpoint, clock: new SystemClock(), entropy: new SystemEntropy() });

keyWrapperContract('files', async () => {
  const folder = await tempFolder();
  const open = () => FileKeyWrapper.open({ folder: folder.path, entropy: new SystemEntropy() });
  return {
    open,
    rotate: async () => void (await (await open()).rotate()),
    dispose: () => folder.remove(),
  };
});

keyWrapperContract('Cloud KMS, on a double', async () => {
  const double = await startKmsDouble();
  const opened: KmsKeyWrapper[] = [];
  return {
    open: async () => {
      opened.push(over(double));
      return opened.at(-1)!;
    },
    rotate: async () => double.rotateWrappingKey(),
    dispose: async () => {
      for (const wrapper of opened) await wrapper.close();
      await double.close();
    },
  };
});

describe('wrapping keys in files', () => {
  it('are their owner’s alone', async () => {
    const folder = await tempFolder();
    await FileKeyWrapper.open({ folder: folder.path, entropy: new SystemEntropy() });
    const keys = (await readdir(folder.path)).filter((name) => name.endsWith('.key'));
    assert.deepEqual(keys, ['0001.key']);
    assert.equal((await stat(join(folder.path, '0001.key'))).mode & 0o777, 0o600);
    assert.equal((await stat(folder.path)).mode & 0o777, 0o700);
    await folder.remove();
  });

  it('that hold no key are refused at the start, not when somebody’s data is needed', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder.path, '0001.key'), 'short\n');
    await assert.rejects(
      FileKeyWrapper.open({ folder: folder.path, entropy: new SystemEntropy() }),
      /0001\.key holds no key of 32 bytes/,
    );
    await folder.remove();
  });
});

describe('wrapping keys in Cloud KMS', () => {
  let double: KmsDouble;
  let wrapper: KmsKeyWrapper;
  beforeEach(async () => {
    double = await startKmsDouble();
    wrapper = over(double);
  });
  afterEach(async () => {
    await wrapper.close();
    await double.close();
  });

  it('are asked again where a request or an answer was damaged on its way', async () => {
    double.lie('Encrypt', (answer) => ({ ...answer, verifiedPlaintextCrc32c: false }), 1);
    double.lie('Encrypt', (answer) => ({ ...answer, ciphertextCrc32c: { value: 1 } }), 1);
    const wrapped = await wrapper.wrap(KEY, 'acme 1');
    assert.equal(double.calls('Encrypt'), 3);
    double.lie('Decrypt', (answer) => ({ ...answer, plaintextCrc32c: { value: crc32c(Buffer.from('no')) } }), 1);
    assert.deepEqual(Buffer.from(await wrapper.unwrap(wrapped, 'acme 1')), KEY);
    assert.equal(double.calls('Decrypt'), 2);
  });

  it('that answer for another key are not believed', async () => {
    double.lie('Encrypt', (answer) => ({ ...answer, name: 'projects/p/cryptoKeys/other/cryptoKeyVersions/1' }));
    await assert.rejects(wrapper.wrap(KEY, 'acme 1'), /is another key/);
  });

  it('that cannot answer now are worth another try later', async () => {
    double.fail('Encrypt', status.UNAVAILABLE);
    await assert.rejects(wrapper.wrap(KEY, 'acme 1'), TryAgain);
  });
});
