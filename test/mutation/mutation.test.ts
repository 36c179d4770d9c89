import assert from 'node:assert/strict';
import { isSentence } from '../../scripts/mutation/plugin.ts';
import { type Mutant, mutate } from '../../scripts/mutation/run.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';

const BURN = 'shared/domain/credit/burn.ts';
const isFound = ({ status }: Mutant): boolean => status === 'Killed' || status === 'Timeout';

describe('changing the code in one place at a time', function () {
  this.timeout(120_000);
  let folder: TempFolder;
  before(async () => {
    folder = await tempFolder();
  });
  after(() => folder.remove());

  /** What becomes of the changes to how credits burn, judged by these tests. */
  const judgedBy = async (...tests: string[]): Promise<Mutant[]> => {
    const mutants = await mutate({ name: 'burn', sources: [BURN], tests }, folder.path, 2, true);
    return mutants.filter(({ status }) => status !== 'Ignored');
  };

  it('is found in 85 of 100 places at least by the tests of credits', async () => {
    const mutants = await judgedBy('test/domain/discounts-credits.test.ts', 'test/domain/discount-terms.test.ts');
    assert.ok(mutants.length >= 30, `${mutants.length} changes`);
    const missed = mutants.filter((mutant) => !isFound(mutant));
    assert.ok(
      missed.length * 100 <= 15 * mutants.length,
      missed.map(({ line, replacement }) => `${line}: ${replacement}`).join('\n'),
    );
  });

  it('is found nearly nowhere by a test that runs all of it and checks nothing', async () => {
    const mutants = await judgedBy('test/mutation/idle.ts');
    assert.ok(mutants.length >= 30, `${mutants.length} changes`);
    assert.ok(mutants.filter(isFound).length * 100 <= 15 * mutants.length);
  });
  it('leaves out what a refusal says to people, never the code or the field that it names', () => {
    const at = (callee: string, type: string, key: number, node = 'StringLiteral') =>
      isSentence({
        node: { type: node },
        parent: { type, callee: { type: 'Identifier', name: callee } },
        listKey: 'arguments',
        key,
      });
    assert.deepEqual(
      [0, 1, 2].map((key) => at('BadInput', 'NewExpression', key) !== undefined),
      [false, true, false],
    );
    assert.deepEqual(
      [0, 1, 2].map((key) => at('LedgerFault', 'NewExpression', key) !== undefined),
      [false, false, true],
    );
    assert.ok(at('refuse', 'CallExpression', 1) !== undefined);
    assert.equal(at('refuse', 'CallExpression', 0, 'BinaryExpression'), undefined);
    assert.equal(at('parsePrice', 'CallExpression', 1), undefined);
  });
});
