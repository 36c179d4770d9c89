import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { RulesTestEnvironment } from '@firebase/rules-unit-testing';
import { describeOnEmulators, emulatorHost } from '../support/emulators.ts';
import { type CoverageReport, coverageOf } from './coverage.ts';
import {
  acrossTenants,
  askFor,
  type Claims,
  clientOf,
  type Permission,
  type Place,
  passes,
  permissionsOf,
  putRules,
  withRules,
} from './matrix.ts';

const ROOT = new URL('../../', import.meta.url);
const RULES = readFileSync(new URL('firestore.rules', ROOT), 'utf8');
const PROJECT = `demo-rules-${process.pid}`;
const WEAKENED_PROJECT = `demo-weakened-${process.pid}`;

/** Everything that anybody may do. What does not stand here is refused: every write, and whatever is not one's own. */
const EVIDENCE: readonly Permission[] = ['get own pages', 'list own pages', 'get own invoices', 'list own invoices'];
const BUSINESS: readonly Permission[] = [...EVIDENCE, 'get own usage_summaries', 'list own usage_summaries'];
const NOTHING: readonly Permission[] = [];

const PEOPLE: readonly (readonly [who: string, claims: Claims, may: readonly Permission[]])[] = [
  ['a tenant_admin', { tenant: 'acme', role: 'tenant_admin' }, BUSINESS],
  ['a tenant_viewer', { tenant: 'acme', role: 'tenant_viewer' }, BUSINESS],
  ['compliance', { tenant: 'acme', role: 'compliance' }, EVIDENCE],
  ['a billing_operator', { tenant: 'acme', role: 'billing_operator' }, NOTHING],
  ['a platform_admin', { tenant: 'acme', role: 'platform_admin' }, NOTHING],
  ['a role that nobody gave', { tenant: 'acme', role: 'tenant_admin ' }, NOTHING],
  ['somebody who has not signed in', undefined, NOTHING],
  ['somebody signed in whom no server has given claims', {}, NOTHING],
  ['a tenant without a role', { tenant: 'acme' }, NOTHING],
  ['a role without a tenant', { role: 'tenant_admin' }, NOTHING],
  ['a list of tenants', { tenant: ['acme'], role: 'tenant_admin' }, NOTHING],
  ['a list of roles', { tenant: 'acme', role: ['tenant_admin'] }, NOTHING],
  ['a role that is a number', { tenant: 'acme', role: 1 }, NOTHING],
  ['claims under other names', { organization: 'acme', roles: 'tenant_admin' }, NOTHING],
];

const COLLECTIONS = ['pages', 'invoices', 'usage_summaries'] as const;

describeOnEmulators('firestore.rules', ['firestore'], () => {
  let host: string;
  let environment: RulesTestEnvironment;

  before(async () => {
    host = await emulatorHost('firestore');
    environment = await withRules(RULES, PROJECT, host);
  });
  after(() => environment.cleanup());

  describe('every collection x own, other and absent tenant x get, list, create, update, delete', () => {
    for (const [who, claims, may] of PEOPLE) {
      it(`${who} may ${may.length === 0 ? 'do nothing' : `${may.length} things: ${may.join(', ')}`}`, async () => {
        assert.deepEqual(await permissionsOf(environment, claims), may.toSorted());
      });
    }
  });

  describe('asks for bounds', () => {
    const admin = { tenant: 'acme', role: 'tenant_admin' };

    for (const name of COLLECTIONS) {
      it(`${name}: 100 at once, not 101, and not without saying how many`, async () => {
        const db = clientOf(environment, admin);
        const asked = [1, 100, 101, undefined].map((most) => passes(askFor(db, `tenants/acme/${name}`, most)));
        assert.deepEqual(await Promise.all(asked), [true, true, false, false]);
      });

      it(`${name}: not of all tenants at once, whoever asks`, async () => {
        const asked = PEOPLE.map(([, claims]) => passes(acrossTenants(clientOf(environment, claims), name)));
        assert.deepEqual(
          await Promise.all(asked),
          PEOPLE.map(() => false),
        );
      });
    }

    it('a tenant of whom there is nothing yet finds nothing, and is not refused', async () => {
      const db = clientOf(environment, { tenant: 'phantom', role: 'tenant_viewer' });
      const { empty } = (await askFor(db, 'tenants/phantom/invoices', 100)) as { readonly empty: boolean };
      assert.equal(empty, true);
    });

    it('a token that nobody signed in with is refused', async () => {
      const url = `http://${host}/v1/projects/${PROJECT}/databases/(default)/documents/tenants/acme/pages/0000000000000000`;
      const answer = await fetch(url, { headers: { Authorization: 'Bearer not-a-token' } });
      assert.ok([400, 401, 403].includes(answer.status), String(answer.status));
    });
  });

  describe('is tried out whole by what came before', () => {
    it('every condition was true and false, none was left out; the report lies in dist/rules-coverage', async () => {
      const url = `http://${host}/emulator/v1/projects/${PROJECT}:ruleCoverage`;
      const report = (await (await fetch(url)).json()) as CoverageReport;
      const folder = new URL('dist/rules-coverage/', ROOT);
      mkdirSync(folder, { recursive: true });
      writeFileSync(new URL('coverage.json', folder), JSON.stringify(report));
      writeFileSync(new URL('index.html', folder), await (await fetch(`${url}.html`)).text());

      const { lines, unreached, oneSided } = coverageOf(report, RULES);
      assert.deepEqual([unreached, oneSided], [[], []]);
      // Where the file has a condition, and what its two functions return.
      const conditions = RULES.split('\n').flatMap((text, i) =>
        /allow [a-z, ]+: if (?!false)/.test(text) || /^ *return /.test(text) ? [i + 1] : [],
      );
      assert.equal(conditions.length, 8);
      assert.deepEqual(
        [...lines].sort((a, b) => a - b),
        conditions,
      );
    });
  });

  describe('has nothing that its compiler finds doubtful', () => {
    it('no issue in the file', async () => {
      assert.deepEqual(await putRules(host, WEAKENED_PROJECT, RULES), { status: 200, issues: [] });
    });

    it('a misspelt variable, a function that is not there and a broken file are found', async () => {
      const spoilt = (from: string, to: string) => putRules(host, WEAKENED_PROJECT, RULES.replaceAll(from, to));
      const variable = await spoilt('request.query', 'reqest.query');
      assert.match(variable.issues.join(), /^line \d+: Invalid variable name: reqest\.$/);
      const named = (await spoilt('&& isBounded()', '&& isBound()')).issues;
      assert.equal(named.filter((issue) => issue.endsWith('Invalid function name: isBound.')).length, 3);
      assert.equal((await spoilt('service cloud.firestore {', 'service cloud.firestore')).status, 400);
    });
  });

  describe('is held by this table: weaker rules give somebody more', () => {
    const EVIDENCE_GET = "allow get: if isOneOf(['tenant_admin', 'tenant_viewer', 'compliance'], tenant);";
    const SUMMARY_GET = "allow get: if isOneOf(['tenant_admin', 'tenant_viewer'], tenant);";
    const WEAKER: readonly (readonly [says: string, from: string, to: string, who: string, gains: Permission])[] = [
      [
        'pages are for everybody',
        EVIDENCE_GET,
        'allow read: if true;',
        'somebody who has not signed in',
        'get other pages',
      ],
      [
        'nobody asks whose it is',
        '&& request.auth.token.tenant == tenant',
        '',
        'a tenant_admin',
        'list other invoices',
      ],
      ['nobody asks for the role', '&& request.auth.token.role in roles', '', 'a billing_operator', 'get own pages'],
      ['compliance sees summaries', SUMMARY_GET, EVIDENCE_GET, 'compliance', 'get own usage_summaries'],
      [
        'an admin may create pages',
        EVIDENCE_GET,
        `${EVIDENCE_GET} allow create: if isOneOf(['tenant_admin'], tenant);`,
        'a tenant_admin',
        'create own pages',
      ],
      [
        'a viewer may write summaries',
        SUMMARY_GET,
        `${SUMMARY_GET} allow update, delete: if isOneOf(['tenant_viewer'], tenant);`,
        'a tenant_viewer',
        'delete own usage_summaries',
      ],
      [
        'everything below a tenant is its own',
        'match /pages/{page} {',
        'match /{below=**} { allow get: if request.auth.token.tenant == tenant; } match /pages/{page} {',
        'a tenant without a role',
        'get own an unknown collection',
      ],
      [
        'whoever is signed in reads',
        'allow read, write: if false;',
        'allow read: if request.auth != null;',
        'somebody signed in whom no server has given claims',
        'get other invoices',
      ],
    ];
    const PLACES_TRIED: readonly Place[] = [...COLLECTIONS, 'an unknown collection'];
    let weakened: RulesTestEnvironment;

    before(async () => {
      weakened = await withRules(RULES, WEAKENED_PROJECT, host);
    });
    after(() => weakened.cleanup());

    for (const [says, from, to, who, gains] of WEAKER) {
      it(`${says}: ${who} may ${gains}`, async () => {
        const rules = RULES.replace(from, to);
        assert.notEqual(rules, RULES);
        assert.equal((await putRules(host, WEAKENED_PROJECT, rules)).status, 200);
        const [, claims, may] = PEOPLE.find(([name]) => name === who)!;
        const found = await permissionsOf(weakened, claims, PLACES_TRIED);
        assert.ok(found.includes(gains), found.join(', '));
        assert.notDeepEqual(found, may.toSorted());
      });
    }

    it('a list of 1,000 passes where the bound is gone', async () => {
      await putRules(host, WEAKENED_PROJECT, RULES.replace('request.query.limit <= 100', 'true'));
      const db = clientOf(weakened, { tenant: 'acme', role: 'tenant_admin' });
      assert.equal(await passes(askFor(db, 'tenants/acme/pages', 1000)), true);
    });
  });
});
