import { text } from 'node:stream/consumers';
import type { LoadPlan } from './load/plan.ts';
import { runLoad } from './load/run.ts';

/*
 * The load generator as a process of its own, so that what it costs is told apart from what it measures. A plan as JSON on standard
 * input; on standard output a line `{"window":…}` now and then and `{"result":…}` at the end.
 */

const plan = JSON.parse(await text(process.stdin)) as LoadPlan;
const result = await runLoad(plan, (window) => process.stdout.write(`${JSON.stringify({ window })}\n`));
process.stdout.write(`${JSON.stringify({ result })}\n`);
