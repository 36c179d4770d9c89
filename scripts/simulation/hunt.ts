import { LANES } from './choosers.ts';
import type { Hunt } from './mutants.ts';
import { drawScenario, LIMITS } from './scenario.ts';
import { runSchedule } from './schedule.ts';
import { AnsweredCrypto } from './web-crypto.ts';

/** Run in a changed copy of the sources: looks in each lane until a promise is broken, and prints what came of it. */
const [seed = 1, schedules = 0] = process.argv.slice(2).map(Number);
Error.stackTraceLimit = 0;
const crypto = await AnsweredCrypto.install();
const hunts: Hunt[] = [];
for (const lane of LANES) {
  const most = Math.floor(schedules / LANES.length);
  let found: Hunt | undefined;
  for (let run = 0; run < most && found === undefined; run++) {
    const limits = LIMITS[run % LIMITS.length]!;
    const { violation } = await runSchedule(drawScenario({ seed: seed + run, lane, limits }), crypto);
    if (violation !== undefined) found = { lane, schedules: run + 1, rule: violation.rule, detail: violation.message };
  }
  hunts.push(found ?? { lane, schedules: most, rule: undefined, detail: undefined });
}
console.log(JSON.stringify(hunts));
