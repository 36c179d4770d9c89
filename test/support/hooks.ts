import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Context } from 'mocha';
import { contract } from './contract.ts';
import { stopEmulators, suitesLeftOut } from './emulators.ts';
import { leaks, watchLogs } from './leak-watch.ts';

const unwatch = watchLogs(leaks);

/** Runs once around all suites, whichever files were named. */
export const mochaHooks = {
  async afterAll(this: Context): Promise<void> {
    await stopEmulators();
    unwatch();
    assert.deepEqual(leaks.findings, [], 'secrets or personal data in a log, a refusal or telemetry');
    for (const suite of suitesLeftOut()) console.log(`    not run: ${suite}`);
    if (!ranEverything(this)) return;
    // What this process logs itself is little or nothing: suites of tests have a log of their own. That it is heard is tested by itself.
    for (const source of ['log of a process', 'log of a suite', 'refusal', 'telemetry'])
      assert.ok((leaks.looked.get(source) ?? 0) > 0, `no line of a ${source} was looked at`);
    const { operationIds, exercised } = contract();
    const unseen = operationIds.filter((name) => !exercised.has(name));
    assert.deepEqual(unseen, [], 'operations of the document that no test has seen succeed');
  },
};

/** Whether every test file of the API and every journey took part, with every test in it. */
function ranEverything({ test }: Context): boolean {
  const root = test?.parent;
  const files = new Set(root?.suites.map(({ file }) => file));
  const isFiltered = process.argv.some((word) => /^(?:-g|--grep|-f|--fgrep|--bail|-b)/.test(word));
  const wanted = globSync(['test/functions/*.test.ts', 'test/journey/*.test.ts']);
  return !isFiltered && wanted.filter((file) => !file.includes('.emulator.')).every((file) => files.has(resolve(file)));
}
