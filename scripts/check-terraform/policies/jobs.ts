import type { Facts } from '../facts.ts';
import { secondsOf } from '../forms.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt, valueAt } from '../resources.ts';
import { functionAt, tokenFaults } from './doorbells.ts';
import { broken } from './finding.ts';
import { nameOf, type Stack } from './stack.ts';

/** What has to be called by the clock, whatever else is: functions and the paths without which the suite stands still. */
const WANTED: readonly (readonly [string, string])[] = [
  ['reconcile-chain', '/sweep'],
  ['reconcile-chain', '/deep'],
  ['run-invoices', '/run'],
  ['seal-ledger', '/run'],
];

/** The scheduler calls routes that exist, as somebody whom they believe, and at least one copy of each job is awake. */
export function* jobPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  const jobs = stack.of('google_cloud_scheduler_job');
  const awake = new Set<string>();
  for (const job of jobs) {
    const address = textAt(job.values, 'http_target.uri');
    if (address === undefined) continue;
    const called = functionAt(stack, address);
    if (called === undefined) {
      yield broken(job, `job ${nameOf(job)} calls ${address}, where no function is`, 'http_target.uri');
      continue;
    }
    const { pathname } = new URL(address);
    const name = nameOf(called);
    if (facts.routes.get(name)?.has(pathname) !== true)
      yield broken(job, `job ${nameOf(job)} calls ${pathname}, which ${name} does not answer`, 'http_target.uri');
    if ((textAt(job.values, 'http_target.http_method') ?? 'POST') !== 'POST')
      yield broken(
        job,
        `job ${nameOf(job)} does not call with POST, the only method that ${name} answers`,
        'http_target.http_method',
      );
    yield* tokenFaults(stack, job, called, 'http_target.oidc_token');
    yield* deadlineFaults(job, called);
    if (job.values['paused'] !== true) awake.add(`${name} ${pathname}`);
  }
  const [first] = jobs;
  if (first === undefined) return;
  for (const [name, path] of WANTED)
    if (!awake.has(`${name} ${path}`)) yield broken(first, `no job that is awake calls ${path} of ${name}`);
}

// A job of a route that is always quick may wait for less than the function's own limit, which its slowest route sets.
function* deadlineFaults(job: Resource, called: Resource): Generator<Problem> {
  const deadline = secondsOf(valueAt(job.values, 'attempt_deadline')) ?? 180;
  const timeout = valueAt(called.values, 'service_config.timeout_seconds');
  if (typeof timeout === 'number' && deadline < Math.min(timeout, 60))
    yield broken(
      job,
      `job ${nameOf(job)} waits ${deadline} s, and ${nameOf(called)} may take ${timeout} s`,
      'attempt_deadline',
    );
}
