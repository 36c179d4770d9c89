import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SystemClock } from '../../shared/adapters/local/clock.ts';
import { SystemEntropy } from '../../shared/adapters/local/entropy.ts';
import { readConfig } from '../../shared/edge/config.ts';
import { ALL_PORTS } from '../../shared/wiring/cloud/all.ts';
import { openCloudPlatform } from '../../shared/wiring/cloud-platform.ts';
import { openFront } from '../../shared/wiring/front.ts';
import type { PortName } from '../../shared/wiring/ports.ts';
import { accountOf, perUnit, usage } from '../support/account.ts';
import { type KmsDouble, startKmsDouble } from '../support/doubles/kms.ts';
import { type StorageDouble, startStorageDouble } from '../support/doubles/storage.ts';
import { describeOnEmulators, emulatorHost } from '../support/emulators.ts';
import { createTopics, pubSubAdmin } from '../support/pubsub.ts';
import { silent } from '../support/suite.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const PLAN = {
  currency: 'EUR',
  zone: 'UTC',
  start: '2026-01-01T00:00:00Z',
  unit: 'month',
  meters: { calls: { model: perUnit('0.25') } },
} as const;

/** What an operator does on an empty project, by errands alone, and what a tenant can then do. */
describeOnEmulators('an operator sets up an empty project', ['spanner', 'firestore', 'pubsub'], function () {
  this.timeout(60_000);
  let storage: StorageDouble;
  let kms: KmsDouble;
  let folder: TempFolder;
  let environment: Record<string, string>;

  before(async () => {
    [storage, kms, folder] = await Promise.all([startStorageDouble(), startKmsDouble(), tempFolder()]);
    environment = {
      PLATFORM: 'cloud',
      PORT: '0',
      ENVIRONMENT: 'staging',
      REGION: 'eu',
      LEDGER_ORIGIN: 'ledger.example.com/eu',
      TOPIC_PREFIX: 'staging-',
      LOG_LEVEL: 'warn',
      GOOGLE_CLOUD_PROJECT: 'tallystick-operator',
      SPANNER_INSTANCE: 'operator',
      SPANNER_DATABASE: 'ledger',
      SPANNER_EMULATOR_HOST: await emulatorHost('spanner'),
      FIRESTORE_EMULATOR_HOST: await emulatorHost('firestore'),
      PUBSUB_EMULATOR_HOST: await emulatorHost('pubsub'),
      VAULT_BUCKET: storage.bucket,
      STORAGE_ENDPOINT: storage.endpoint,
      KMS_KEY_RING: kms.keyRing,
      WRAPPING_KEY: kms.wrappingKey,
      KMS_ENDPOINT: kms.endpoint,
      CALLER_AUDIENCE: 'https://functions.test',
      CALLERS: 'pusher@tallystick.iam.gserviceaccount.com',
    };
    const admin = await pubSubAdmin('tallystick-operator');
    await createTopics(admin, 'staging-');
    await admin.close();
  });
  after(() => Promise.all([storage.close(), kms.close(), folder.remove()]));

  const errand = async (name: string, ...args: string[]): Promise<string> => {
    const env = { PATH: process.env['PATH'], ...environment };
    const { stdout } = await run(process.execPath, [join(ROOT, 'scripts', `${name}.ts`), ...args], { cwd: ROOT, env });
    return stdout;
  };

  it('migrate makes the tables, and a second run finds nothing to do', async () => {
    assert.match(await errand('migrate', '--create'), /0001/);
    assert.doesNotMatch(await errand('migrate'), /appl(?:y|ied) 0001/i);
  });

  it('setup takes the first organization in and shows its key; the signing keys of the ring are in force', async () => {
    const file = join(folder.path, 'acme.json');
    await writeFile(file, JSON.stringify({ ...accountOf('acme', PLAN), region: 'eu' }));
    const said = await errand('setup', '--account', file);
    const [key] = /^tsk_staging_eu_\S+$/m.exec(said) ?? [];
    assert.ok(key, said);

    const clock = new SystemClock();
    const base = { config: readConfig(environment), clock, entropy: new SystemEntropy(), log: silent };
    const platform = await openCloudPlatform<PortName>(base, ALL_PORTS);
    const front = await openFront(platform, new AbortController().signal);
    try {
      const jwks = (await (await fetch(`${front.url}/.well-known/jwks.json`)).json()) as { keys: unknown[] };
      assert.equal(jwks.keys.length, 2);
      const response = await fetch(`${front.url}/api/v1/billing/usage`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(usage('first', 'calls', '4', clock.now())),
      });
      assert.deepEqual([response.status, ((await response.json()) as { accepted: number }).accepted], [202, 1]);
    } finally {
      await front.close();
      await platform.close();
    }
  });

  it('rebuild looks where the platform is: a vault without seals is refused, not restored to nothing', async () => {
    const jwks = { keys: [] as unknown[] };
    const platform = await openCloudPlatform<PortName>(
      { config: readConfig(environment), clock: new SystemClock(), entropy: new SystemEntropy(), log: silent },
      ALL_PORTS,
    );
    try {
      jwks.keys.push(...(await platform.keys.keyset()).keys);
    } finally {
      await platform.close();
    }
    const pinned = join(folder.path, 'pinned.json');
    await writeFile(pinned, JSON.stringify({ ledger: 'ledger.example.com/eu', jwks }));
    // The database of the first two steps is not empty; another one is.
    await errand('migrate', '--create', '--database', 'empty');
    environment = { ...environment, SPANNER_DATABASE: 'empty' };
    await assert.rejects(errand('rebuild', '--pinned', pinned), {
      code: 1,
      stderr: /refused: seals\/: the vault holds none/,
    });
    environment = { ...environment, SPANNER_DATABASE: 'ledger' };
  });

  it('rotate-key puts a new version in force beside the old ones', async () => {
    assert.match(await errand('rotate-key', 'checkpoint'), /checkpoint key \S+ is in force from seal 0 on/);
  });
});
