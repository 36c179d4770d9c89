import { randomInt } from 'node:crypto';
import { TARGETS, tried } from './try.ts';

describe('readers of what comes from outside, tried by grammar beside judges of their own', function () {
  this.timeout(120_000);
  this.slow(10_000);
  for (const target of TARGETS) {
    it(`${target.name}: takes what its grammar allows and nothing else, ${target.runs} times`, async () => {
      await tried(target, target.runs, randomInt(1_000_000_000));
    });
  }
});
