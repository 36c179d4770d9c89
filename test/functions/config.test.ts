import assert from 'node:assert/strict';
import { ConfigWrong, readConfig, VARIABLES } from '../../shared/edge/config.ts';

const CLOUD = {
  PLATFORM: 'cloud',
  ENVIRONMENT: 'staging',
  REGION: 'eu',
  LEDGER_ORIGIN: 'ledger.example.com/eu',
  GOOGLE_CLOUD_PROJECT: 'tallystick-eu',
  SPANNER_INSTANCE: 'ledger',
  VAULT_BUCKET: 'tallystick-eu-vault',
  WRAPPING_KEY: 'projects/p/locations/europe-west3/keyRings/data/cryptoKeys/personal-data',
  KMS_KEY_RING: 'projects/tallystick-eu/locations/eur4/keyRings/ledger',
  CALLER_AUDIENCE: 'https://sign-receipts.example.com',
  CALLERS: 'push@tallystick-eu.iam.gserviceaccount.com,scheduler@tallystick-eu.iam.gserviceaccount.com',
};

const complaintOf = (environment: Readonly<Record<string, string>>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigWrong);
    return error.message;
  }
  return assert.fail('it was taken');
};

describe('the environment', () => {
  it('may be empty: the embedded suite needs nothing', () => {
    const { platform, port, dataFolder, hotWindowDays } = readConfig({});
    assert.deepEqual([platform, port, dataFolder, hotWindowDays], ['embedded', 8080, '.data', 40]);
  });

  it('turns the same code into a cloud function with one setting and the names of what it uses', () => {
    const { platform, callers, spannerDatabase } = readConfig(CLOUD);
    assert.equal(platform, 'cloud');
    assert.equal(spannerDatabase, 'tallystick');
    assert.equal(callers.length, 2);
  });

  it('that names the cloud and not what it needs is refused with one message that names all of it', () => {
    const complaint = complaintOf({ PLATFORM: 'cloud' });
    for (const name of Object.keys(CLOUD).filter((each) => each !== 'PLATFORM'))
      assert.match(complaint, new RegExp(`^  ${name}: `, 'm'));
    assert.doesNotMatch(complaint, /DATA_DIR|SPANNER_DATABASE/);
  });

  for (const [name, wrong] of [
    ['PLATFORM', 'aws'],
    ['PORT', '65536'],
    ['PORT', '80 '],
    ['LEDGER_ORIGIN', 'has spaces'],
    ['REGION', 'EU-1'],
    ['REGION_ENDPOINTS', 'eu=ftp://x'],
    ['REGION_ENDPOINTS', 'https://x'],
    ['HOT_WINDOW_DAYS', '39'],
    ['DRAIN_SECONDS', '-1'],
    ['RSA_BITS', '1024'],
    ['LOG_LEVEL', 'loud'],
    ['CALLER_TOKEN', 'short'],
    ['CURSOR_KEY', 'short'],
    ['TRANSACTIONS_MAX', '0'],
    ['KMS_KEY_RING', 'ledger'],
    ['CALLERS', 'somebody'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
    ['SPANNER_EMULATOR_HOST', 'localhost'],
  ] as const) {
    it(`is not sound with ${name}=${wrong}, and its value is not repeated`, () => {
      const complaint = complaintOf({ [name]: wrong });
      assert.match(complaint, new RegExp(`^  ${name}: `, 'm'));
      assert.equal(complaint.split('\n').length, 2);
      if (wrong.length > 4) assert.ok(!complaint.includes(wrong));
    });
  }

  it('reads where each region answers', () => {
    const { regionEndpoints } = readConfig({ REGION_ENDPOINTS: 'us=https://us.example.com,eu=https://eu.example.com' });
    assert.deepEqual(
      [...regionEndpoints],
      [
        ['us', 'https://us.example.com'],
        ['eu', 'https://eu.example.com'],
      ],
    );
  });

  it('has one meaning per variable, a unit for every number, and a default that is sound by itself', () => {
    const rows = Object.values(VARIABLES);
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    for (const { name, meaning, fallback, unit, read } of rows) {
      assert.ok(meaning.length > 10, name);
      const value: unknown = read(fallback);
      assert.notEqual(value, undefined, name);
      if (typeof value === 'number' && name !== 'PORT') assert.ok(unit, name);
    }
  });
});
