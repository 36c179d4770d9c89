import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATTACKS } from '../../scripts/tamper/attacks.ts';
import { BUNDLE_ATTACKS } from '../../scripts/tamper/bundles.ts';
import { RUNNERS, unknownClasses } from '../../scripts/tamper/in-time.ts';
import { CLASSES, laboratory } from '../../scripts/tamper/run.ts';
import { STATE_ATTACKS } from '../../scripts/tamper/stored-state.ts';
import { readRecipes } from '../../scripts/vectors/bad-bundle.ts';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');

describe('the table of attacks', () => {
  it('has 57 numbers without a gap, and each is played, shown by a test, or said to be outside', () => {
    assert.deepEqual(
      ATTACKS.map(({ number }) => number),
      Array.from({ length: 57 }, (_, i) => i + 1),
    );
    for (const { number, by = [], shown, outside } of ATTACKS) {
      assert.equal(by.length > 0 || shown !== undefined, outside === undefined, `attack ${number}`);
    }
  });

  it('names only classes that there are, and every class there is', () => {
    const named = new Set(ATTACKS.flatMap(({ by = [] }) => by));
    const classes = new Set([...CLASSES, 'recipe']);
    assert.deepEqual(
      [...named].filter((name) => !classes.has(name)),
      [],
    );
    assert.deepEqual(
      [...classes].filter((name) => !named.has(name)),
      [],
    );
    assert.deepEqual(unknownClasses(), []);
  });

  it('says of each class the numbers that the class says of itself', () => {
    for (const [name, { numbers }] of [...Object.entries(STATE_ATTACKS), ...Object.entries(BUNDLE_ATTACKS)]) {
      const listed = ATTACKS.filter(({ by = [] }) => by.includes(name)).map(({ number }) => number);
      assert.deepEqual(
        listed,
        [...numbers].sort((a, b) => a - b),
        name,
      );
    }
  });

  it('names recipes where there are any, and tests that say what they are said to say', () => {
    const recipes = new Set(readRecipes().map(({ attack }) => attack));
    for (const { number, by = [], shown } of ATTACKS) {
      assert.equal(by.includes('recipe'), recipes.has(number), `recipes of attack ${number}`);
      if (shown === undefined) continue;
      const [file, sentence] = shown;
      assert.ok(existsSync(resolve(ROOT, file)), file);
      assert.ok(readFileSync(resolve(ROOT, file), 'utf8').includes(sentence), `${file} says "${sentence}"`);
    }
  });
});

describe('the tamper laboratory, one case of each class', function () {
  this.timeout(300_000);

  it('finds every attack where it was made, and nothing else', async () => {
    const results = await laboratory({ cases: 1, seed: 20260301, say: () => undefined });
    assert.deepEqual(
      results.flatMap(({ complaints }) => complaints),
      [],
    );
    assert.deepEqual(results.map(({ name }) => name).sort(), [...CLASSES].sort());
    // Each way to run the tail check met an attack.
    assert.equal(results.find(({ name }) => name === 'in-time')!.cases, RUNNERS.length);
    for (const { name, cases } of results) assert.ok(cases > 0, name);
  });
});
