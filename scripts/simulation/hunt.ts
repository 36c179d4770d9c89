import { LANES } from './choosers.ts';
import { drawScenario } from './draw.ts';
import type { Hunt } from './mutants.ts';
import { LIMITS } from './scenario.ts';
import { runSchedule } from './schedule.ts';
import { AnsweredCrypto } from './web-crypto.ts';

/**
 * Run in a changed copy of the sources: looks in both lanes by turns, or in each of them for itself (`each`), until a promise is
 * broken, and prints what came of it.
 */
const [seedText, schedulesText, how] = process.argv.slice(2);
const seed = Number(seedText);
const most = Math.floor(Number(schedulesText) / LANES.length);
Error.stackTraceLimit = 0;
const crypto = await AnsweredCrypto.install();
const hunts: Hunt[] = LANES.map((lane) => ({ lane, schedules: 0, rule: undefined, detail: undefined }));
const isOver = (): boolean => (how === 'each' ? false : hunts.some(({ rule }) => rule !== undefined));
for (let run = 0; run < most; run++) {
  for (const [at, { lane, rule }] of hunts.entries()) {
    if (rule !== undefined || isOver()) continue;
    const limits = LIMITS[run % LIMITS.length]!;
    const { violation } = await runSchedule(drawScenario({ seed: seed + run, lane, limits }), crypto);
    hunts[at] = { lane, schedules: run + 1, rule: violation?.rule, detail: violation?.message };
  }
}
console.log(JSON.stringify(hunts));
