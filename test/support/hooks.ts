import { stopEmulators, suitesLeftOut } from './emulators.ts';

/** Runs once around all suites, whichever files were named. */
export const mochaHooks = {
  async afterAll(): Promise<void> {
    await stopEmulators();
    for (const suite of suitesLeftOut()) console.log(`    not run: ${suite}`);
  },
};
