import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COPIES_PER_READ } from '../../functions/reconcile-chain/copies.ts';
import { SWEEP_PASSES } from '../../functions/reconcile-chain/handler.ts';
import { COMPARED_AGAIN_MICROS, PAGES_PER_READ, TAIL_MICROS } from '../../functions/reconcile-chain/tail-check.ts';
import {
  InputWrong,
  readAssumptions,
  readCpuMicros,
  readOperations,
  readPrices,
} from '../../scripts/capacity/inputs.ts';
import { KEPT } from '../../scripts/capacity/stored.ts';
import { PAGE_ENTRIES } from '../../shared/domain/ledger/page.ts';
import { VARIABLES } from '../../shared/edge/config.ts';
import { TABLES } from '../../shared/stores/tables.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { leaving, NOTHING, ONE_OF_EACH } from './model.ts';

const refusal = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof InputWrong);
  assert.match(error.message, message);
  return true;
};

describe('what the capacity report is worked out from', () => {
  let folder: TempFolder;
  before(async () => {
    folder = await tempFolder();
  });
  after(() => folder.remove());
  const file = (content: unknown): string => {
    const path = join(folder.path, 'input.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  it('names a file that is not there, and what may stand in its place', () => {
    assert.throws(() => readOperations('no/such.json'), refusal(/no\/such\.json is not there; `--operations FILE`/));
    assert.throws(() => readCpuMicros('no/such.json'), refusal(/is not there; `--cpu-micros N`/));
  });

  for (const { says, content, message } of [
    { says: 'text that is no JSON', content: '{', message: /is not JSON/ },
    { says: 'no runs', content: { runs: [] }, message: /\/runs must NOT have fewer than 1 items/ },
    {
      says: 'a count that is missing',
      content: {
        runs: [{ ...ONE_OF_EACH, phases: { ...ONE_OF_EACH.phases, usage: { ...NOTHING, kms: { signs: 1 } } } }],
      },
      message: /\/runs\/0\/phases\/usage\/kms must have required property 'encrypts'/,
    },
    {
      says: 'a table that there is not',
      content: { runs: [leaving(ONE_OF_EACH, { for_ever: { receipts: 1 } })] },
      message: /batch 1: there is no table receipts/,
    },
    {
      says: 'the old layout, without phases',
      content: { runs: [{ batch: 1, events: 1, tenants: 1, together: 1, stored_bytes: ONE_OF_EACH.stored_bytes }] },
      message: /\/runs\/0 must have required property 'phases'/,
    },
    {
      says: 'runs of one customer alone, from which nothing follows for many',
      content: { runs: [ONE_OF_EACH] },
      message: /has no two runs that differ in the number of customers alone/,
    },
  ]) {
    it(`refuses ${says}`, () => assert.throws(() => readOperations(file(content)), refusal(message)));
  }

  it('takes of runs alike the one with most events, and the pair that differs in customers', () => {
    const [short, long, many] = [ONE_OF_EACH, { ...ONE_OF_EACH, events: 9 }, { ...ONE_OF_EACH, events: 9, tenants: 5 }];
    const together = { ...ONE_OF_EACH, together: 16 };
    const measured = readOperations(file({ runs: [together, long, many, short] }));
    assert.deepEqual(
      measured.runs.map((run) => [run.events, run.together]),
      [
        [9, 1],
        [1, 16],
      ],
    );
    assert.deepEqual([measured.one.events, measured.many.tenants], [9, 5]);
  });

  it('takes the CPU of an event from what was measured of ours', () => {
    const bench = (...contestants: object[]) => file({ throughput: { contestants } });
    const ours = { id: 'a', cpuMicrosPerEvent: { median: 18.5, least: 17, most: 20 } };
    const peer = { id: 'b1', cpuMicrosPerEvent: { median: 400 } };
    assert.equal(readCpuMicros(bench(peer, ours)).toDecimal(1), '18.5');
    assert.throws(() => readCpuMicros(bench(peer)), refusal(/contestants/));
    assert.throws(() => readCpuMicros(bench({ id: 'a' })), refusal(/cpuMicrosPerEvent/));
  });

  it('lets a file change assumptions, and a setting change the file’s', () => {
    const path = file({ stacks: '1', batch: 100 });
    const { stacks, batch } = readAssumptions(path, ['batch=10']);
    assert.deepEqual([stacks!.value, batch!.value], ['1', '10']);
  });

  it('refuses to suppose what nobody asks for', () => {
    assert.throws(() => readAssumptions(undefined, ['stack=1']), refusal(/there is no assumption stack/));
    assert.throws(() => readAssumptions(undefined, ['stacks=many']), refusal(/is not name=decimal/));
  });
});

describe('the list prices', () => {
  for (const [name, price] of Object.entries(readPrices())) {
    it(`say of ${name} its unit, region, date, source and how it was read`, () => {
      for (const text of [price.per, price.region]) assert.notEqual(text, '');
      assert.match(price.date, /^20[0-9]{2}-[01][0-9]-[0-3][0-9]$/);
      assert.equal(new URL(price.source).protocol, 'https:');
      assert.ok(['source', 'transcribed', 'recalled'].includes(price.read));
      // Whoever read a transcript says whose.
      if (price.read === 'transcribed') assert.ok(price.note !== undefined);
    });
  }
});

describe('the assumptions', () => {
  const assumed = (name: string): string => readAssumptions()[name]!.value;

  it('each have a reason', () => {
    for (const [name, { reason }] of Object.entries(readAssumptions())) assert.ok(reason.length > 3, name);
  });

  it('are those of the configuration', () => {
    const fallbacks = new Map(Object.values(VARIABLES).map(({ name, fallback }) => [name, String(fallback)]));
    assert.equal(assumed('hot_window_days'), fallbacks.get('HOT_WINDOW_DAYS'));
    assert.equal(assumed('usage_minutes_days'), fallbacks.get('USAGE_MINUTES_DAYS'));
    assert.equal(assumed('usage_summary_days'), fallbacks.get('USAGE_SUMMARY_DAYS'));
    assert.equal(Number(assumed('seals_per_day')) * Number(fallbacks.get('SEAL_INTERVAL_SECONDS')), 86_400);
  });

  it('are those of production as Terraform makes it', () => {
    const stacks = readFileSync('terraform/environments/production/stacks/main.tf', 'utf8');
    const sizes = [...stacks.matchAll(/instances_min = (\d+), .*cpu = "(\d+)", memory = "(\d+)Gi"/g)];
    const sum = (of: number): number => sizes.reduce((total, size) => total + Number(size[1]) * Number(size[of]), 0);
    assert.equal(sizes.length, 7);
    assert.equal(assumed('warm_vcpus'), String(sum(2)));
    assert.equal(assumed('warm_gib'), String(sum(3)));
    assert.match(stacks, new RegExp(`processing_units_min = ${assumed('spanner_floor_units')},`));
    assert.match(stacks, new RegExp(`processing_units_max = ${assumed('spanner_ceiling_units')} `));
    const spanner = readFileSync('terraform/modules/spanner/main.tf', 'utf8');
    assert.equal(assumed('spanner_full_backups'), String([...spanner.matchAll(/full_backup_spec/g)].length));
    assert.match(spanner, new RegExp(`"${Number(assumed('spanner_backup_retention_days')) * 86_400}s"`));
    assert.equal(assumed('spanner_backup_interval_hours'), '24');
    assert.match(spanner, /text = "0 2 \* \* \*"/);
    const firestore = readFileSync('terraform/modules/firestore/main.tf', 'utf8');
    assert.match(firestore, /weekly_recurrence/);
    assert.match(firestore, new RegExp(`retention = "${Number(assumed('firestore_backups')) * 7 * 86_400}s"`));
    assert.match(
      readFileSync('terraform/modules/suite/main.tf', 'utf8'),
      /sweep .*schedule = "\* \* \* \* \*".*everywhere = true/,
    );
    assert.equal(assumed('sweeps_per_day'), String(24 * 60 * SWEEP_PASSES));
    const audit = readFileSync('terraform/modules/project/audit.tf', 'utf8');
    assert.equal(assumed('audit_in_storage') === '1', /destination += "storage\.googleapis\.com/.test(audit));
    assert.match(stacks, new RegExp(`hot_window_days\\s+= ${assumed('hot_window_days')}\\n`));
    assert.equal(assumed('stacks'), String([...stacks.matchAll(/ledger_origin\s+=/g)].length));
    assert.match(stacks, new RegExp(`ingest\\s+= \\{.*instances_max = ${assumed('ingest_instances_max')},`));
    assert.match(stacks, new RegExp(`sign-receipts\\s+= \\{.*instances_max = ${assumed('sign_instances_max')},`));
  });

  it('are those of the tail check', () => {
    const suite = readFileSync('terraform/modules/suite/main.tf', 'utf8');
    assert.match(suite, /tail .*schedule = "\* \* \* \* \*".*everywhere = false/);
    assert.equal(assumed('tail_checks_per_day'), String(24 * 60));
    const anchorHours = 24 / Number(assumed('anchors_per_day'));
    assert.equal(assumed('tail_hours'), String(Number(TAIL_MICROS) / 3.6e9 + anchorHours / 2));
    assert.equal(assumed('tail_compare_minutes'), String(Math.ceil(Number(COMPARED_AGAIN_MICROS) / 6e7)));
    assert.equal(assumed('tail_lot_pages'), String(PAGES_PER_READ));
    assert.equal(assumed('mirror_lot_pages'), String(COPIES_PER_READ));
    assert.equal(assumed('page_receipts'), String(PAGE_ENTRIES));
  });

  it('say of every table that grows with usage how long its rows stay', () => {
    const known = new Set(TABLES.map(({ name }) => name));
    for (const name of Object.keys(KEPT)) assert.ok(known.has(name), name);
    // These two grow with requests of the API, which events are not.
    const others = ['idempotency_keys', 'audit_log'];
    const expiring = TABLES.filter(({ expires }) => expires !== undefined).map(({ name }) => name);
    for (const name of expiring) assert.ok(name in KEPT || others.includes(name), name);
  });
});
