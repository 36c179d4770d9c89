import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { described } from '../../functions/api/operations.ts';
import { tablesOf, withTables } from '../../scripts/build-openapi/tables.ts';
import { parseSeller } from '../../shared/domain/organization/party-schema.ts';
import { difference, isLike, Shell, type Step, stepsOf } from '../support/guide.ts';
import { DAY, TestSuite } from '../support/suite.ts';

const page = readFileSync('docs/api.md', 'utf8');

const titleOf = ({ heading, commands }: Step): string => `${heading}: ${commands.split('\n')[0]}`;

/** What a reader of the page has to wait for, made to happen at once. */
const WAITS: Readonly<Record<string, (suite: TestSuite) => Promise<void>>> = {
  'a few seconds': (suite) => suite.settle(),
  'the month is over': async (suite) => {
    const month = suite.clock.now().slice(0, 7);
    // Past the end in every zone, and past the hour of grace.
    while (suite.clock.now().slice(0, 7) === month) suite.clock.advance(DAY);
    suite.clock.advance(DAY);
    await suite.runInvoices();
    await suite.settle();
  },
};

/** Who issues the reader's invoices: what the page says is set where the suite runs. */
const NORTHWIND = parseSeller({
  legal_name: 'Northwind Metering GmbH',
  address: { line1: 'Lindenallee 7', postal_code: '10407', city: 'Berlin', country: 'DE' },
  tax_ids: [{ type: 'eu_vat', value: 'DE136695976' }],
  registrations: [{ jurisdiction: 'eu-de', tax_id: 'DE136695976', from: '2020-01-01T00:00:00Z' }],
});

describe('docs/api.md, followed word by word', function () {
  this.timeout(60_000);
  let suite: TestSuite;
  let shell: Shell;

  before(async () => {
    // Readers send usage of this minute, so this suite begins now and is moved from here.
    suite = await TestSuite.start({ at: new Date().toISOString(), config: { seller: NORTHWIND } });
    const { key } = await suite.organization(starter(suite.clock.now().slice(0, 7)));
    const [operator, approver] = [
      await suite.client('acme', 'billing_operator'),
      await suite.client('acme', 'approver'),
    ];
    shell = new Shell('.', { URL: suite.url, KEY: key, OPERATOR: operator.key, APPROVER: approver.key });
  });
  after(async () => {
    shell.close();
    await suite.close();
  });

  for (const step of stepsOf(page).filter(({ commands }) => commands !== 'npm start')) {
    it(`line ${step.line}: ${titleOf(step)}`, async () => {
      if (step.wait !== undefined) {
        const pass = WAITS[step.wait];
        assert.ok(pass !== undefined, `nobody knows how long "${step.wait}" is`);
        await pass(suite);
      }
      const printed = await shell.run(step.commands);
      if (step.prints?.kind === 'json')
        assert.equal(difference(JSON.parse(step.prints.text), JSON.parse(printed)), undefined, printed);
      if (step.prints?.kind === 'text') assert.ok(isLike(step.prints.text, printed), printed);
    });
  }
});

describe('docs/api.md', () => {
  it('has the operations and codes that there are; `npm run build:openapi` writes its tables', () => {
    assert.equal(page, withTables(page, tablesOf(described())));
  });
});

describe('what a guide says is printed', () => {
  for (const [says, said, found, differs] of [
    ['is what is printed', { a: ['1', 2] }, { a: ['1', 2] }, undefined],
    ['may leave a value open', { a: '…' }, { a: { b: 1 } }, undefined],
    ['may leave part of a text open', { a: 'INV-…-1' }, { a: 'INV-2026-1' }, undefined],
    ['may leave members open', { a: 1, '…': '…' }, { a: 1, b: 2 }, undefined],
    ['may leave items open', [1, '…'], [1, 2, 3], undefined],
    ['is not another value', { a: { b: 'x' } }, { a: { b: 'y' } }, '.a.b is "y", not "x"'],
    ['is not less', { a: 1, b: 2 }, { a: 1 }, '.b is undefined, not 2'],
    ['is not more', { a: 1 }, { a: 1, b: 2 }, ' has b, of which the guide says nothing'],
    ['is not a longer list', [1], [1, 2], 'it is [1,2], not [1]'],
  ] as const) {
    it(says, () => assert.equal(difference(said, found), differs));
  }

  it('stands right after its commands', () => {
    const steps = stepsOf(
      '# One\n\n```sh\necho 1\n```\n\n```text\n1\n```\n\n```sh\necho 2\n```\n\nwords\n\n```json\n2\n```\n',
    );
    assert.deepEqual(
      steps.map(({ commands, prints }) => [commands, prints?.text]),
      [
        ['echo 1', '1'],
        ['echo 2', undefined],
      ],
    );
  });

  it('comes from one shell: what one block sets the next one has, and a command that fails ends it', async () => {
    const shell = new Shell('.', { A: '1' });
    try {
      await shell.run('B=$((A + 1))');
      assert.equal(await shell.run('echo $B'), '2');
      await assert.rejects(
        shell.run('echo before; cat /no/such/file; echo after'),
        /a command fails: .*no\/such\/file/,
      );
    } finally {
      shell.close();
    }
  });
});

/** The starter organization, as `npm start` makes it on an empty store. */
function starter(month: string) {
  const document = JSON.parse(readFileSync('scripts/starter-account.json', 'utf8')) as {
    readonly organization_id: string;
    readonly subscriptions: readonly object[];
  };
  const started_at = `${month}-01T00:00:00Z`;
  return { ...document, subscriptions: document.subscriptions.map((one) => ({ ...one, started_at })) };
}
