import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { goodBundle, makeBad, readRecipes } from '../scripts/vectors/bad-bundle.ts';
import { makeGolden } from '../scripts/vectors/golden.ts';
import { VECTORS } from '../scripts/vectors/keys.ts';
import { BASES, pinnedOf } from '../scripts/vectors/recipe.ts';
import type { InvoiceDocument } from '../shared/domain/invoice/invoice.ts';
import { failureOf, judge, opened, said } from './support/bundle-workshop.ts';
import { tempFolder } from './support/temp-folder.ts';

const RECIPES = readRecipes();

/** Meter, price version, exact sum, minor units; worked out by hand from `scripts/vectors/scenario.ts`. */
const INVOICES = {
  'good-1': {
    total: '4828',
    lines: [
      // max 17: 12 beyond the 5 free units, in packages of 10: two of them at 2
      'connections@1 4 400',
      // the first event is free; 25.99 × 0.029 + 0.30 = 1.05371; 700 × 0.029 + 0.30 = 20.60, at most 12
      'payments@1 13.05371 1305',
      // a flat price, whatever is used
      'platform@1 19.9 1990',
      // 1.50 for the tier, two at 0.10
      'requests@1 1.7 170',
      // from noon on another price: two at 0.08
      'requests@2 0.16 16',
      // the last value is 11: 11 × 0.0333333
      'storage@1 0.3666663 37',
      // 900 at 0.002 are 1.80; then 1100.5 are all at 0.001
      'tokens@1 1.1005 110',
      // ada and grace; ada again is nobody new
      'users@1 8 800',
    ],
  },
  'good-2': {
    total: '4177',
    lines: [
      // max 26: 21 beyond the free 5: three packages
      'connections@1 6 600',
      // 60 lie below the free 100; 60 + 90 = 150, of which 50 × 0.031 + 0.30
      'payments@2 1.85 185',
      'platform@1 19.9 1990',
      // two at 0.08; the third enters the next tier: 0.20 + 0.04
      'requests@2 0.4 40',
      // used at 15:33: 9.5 × 0.0333333; the 40 of 15:20 came later and was used earlier
      'storage@1 0.31666635 32',
      'tokens@1 1.2 120',
      // ada and barbara, counted anew on a new day
      'users@1 8 800',
      // late: the third request of the first day, still in the first tier
      'requests@1 0.1 10',
      // late: grace was there already, edsger was not
      'users@1 4 400',
    ],
  },
  // two requests at 0.10
  'good-other': { total: '20', lines: ['requests@1 0.2 20'] },
} as const;

describe('the golden bundles', () => {
  it('are made byte for byte again by the suite, with the same clock, chance and keys', async () => {
    const folder = await tempFolder();
    try {
      const made = await makeGolden(folder.path);
      assert.deepEqual([...made.keys()].sort(), [
        'good-1.tar',
        'good-2.tar',
        'good-other.tar',
        'pinned-1.json',
        'pinned-2.json',
        'pinned-other.json',
      ]);
      for (const [name, bytes] of made) assert.ok(bytes.equals(readFileSync(VECTORS + name)), `${name} differs`);
    } finally {
      await folder.remove();
    }
  });

  for (const base of BASES) {
    it(`${base} is verified and bills what the scenario gives by hand`, async () => {
      const verdict = await judge(goodBundle(base), pinnedOf({ base }));
      assert.equal(verdict.verdict, 'verified', said(verdict));
      const invoice = opened(base).json('invoice.json') as InvoiceDocument;
      assert.deepEqual(
        invoice.lines.map(({ price_ref, exact, amount }) => `${price_ref} ${exact} ${amount}`),
        INVOICES[base].lines,
      );
      assert.equal(invoice.total, INVOICES[base].total);
    });
  }

  it('the first is verified with the keys of later, too; the second not with the keys of before', async () => {
    assert.equal((await judge(goodBundle('good-1'), 'pinned-2')).verdict, 'verified');
    assert.equal((await judge(goodBundle('good-2'), 'pinned-1')).verdict, 'refuted');
  });

  it('are small enough to be read', () => {
    for (const base of BASES) assert.ok(goodBundle(base).length < 100_000);
  });

  it('hold what they are there to show', () => {
    assert.ok(opened('good-1').files.has('absence.json'), 'an anchor at which the log did not exist');
    const second = opened('good-2');
    assert.ok(second.files.has('opening.json') && second.files.has('opening-values.json'));
    const anchors = second.json('anchors.json') as { consistency: string[] }[];
    assert.ok(anchors[0]!.consistency.length > 0, 'an anchor before the start of the bundle');
    const kinds = new Set(second.lines('receipts.ndjson').map((line) => (JSON.parse(line) as { typ: string }).typ));
    assert.deepEqual([...kinds].sort(), ['charge', 'close', 'fee', 'invoice', 'open']);
    assert.equal(second.lines('heads.ndjson').length, 3);
    const keys = second.json('jwks.json') as { keys: { purpose: string; last_seal: string }[] };
    assert.deepEqual(
      keys.keys.map(({ purpose, last_seal }) => `${purpose} ${last_seal}`),
      ['checkpoint 9', 'evidence 9', 'checkpoint ', 'evidence '],
    );
  });
});

describe('the bad bundles', () => {
  for (const recipe of RECIPES) {
    const number = recipe.attack === undefined ? '' : `attack ${recipe.attack}: `;
    it(`${number}${recipe.name}: ${recipe.about}`, async () => {
      const verdict = await judge(makeBad(recipe), pinnedOf(recipe));
      const { claim, seq, file } = recipe.expect;
      assert.equal(verdict.verdict, recipe.expect.verdict, said(verdict));
      if (claim === undefined) return;
      const failure = failureOf(verdict, claim);
      if (seq !== undefined) assert.equal(failure.seq, seq, said(verdict));
      if (file !== undefined) assert.equal(failure.file, file, said(verdict));
    });
  }

  it('are all bad, but for those that say they are limits', () => {
    for (const { name, expect } of RECIPES) {
      assert.equal(expect.verdict === 'verified', name.startsWith('limit-'), name);
      assert.equal(expect.claim === undefined, expect.verdict === 'verified', name);
    }
    assert.equal(new Set(RECIPES.map(({ name }) => name)).size, RECIPES.length);
  });

  it('are made by the steps that the README describes, and it describes no others', () => {
    const readme = readFileSync(`${VECTORS}README.md`, 'utf8').split('## The steps')[1]!;
    const described = readme
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .flatMap((line) => [...line.split('|')[1]!.matchAll(/`([a-z_]+)`/g)].map(([, op]) => op!));
    const used = new Set(RECIPES.flatMap(({ steps }) => steps.map(({ op }) => op)));
    assert.deepEqual([...described].sort(), [...used].sort());
  });

  it('exercise every attack on a bundle that the table of attacks lists', () => {
    const covered = new Set(RECIPES.flatMap(({ attack }) => (attack === undefined ? [] : [attack])));
    const expected = [
      1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    ];
    assert.deepEqual(
      [...covered].sort((a, b) => a - b),
      [...expected, 30, 31, 32, 33, 34, 35, 38, 39, 52, 55],
    );
  });
});
