import type { Facts } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { accessPolicies } from './access.ts';
import { doorbellPolicies } from './doorbells.ts';
import { fencePolicies } from './fences.ts';
import { functionPolicies } from './functions.ts';
import { jobPolicies } from './jobs.ts';
import { mirrorPolicies } from './mirror.ts';
import { residencyPolicies } from './residency.ts';
import type { Stack } from './stack.ts';
import { trailPolicies } from './trail.ts';
import { trustPolicies } from './trust.ts';
import { wayInPolicies } from './way-in.ts';

/** What holds between resources. Everything here is asked of plans only. */
export function* stackPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  yield* functionPolicies(stack, facts);
  yield* trustPolicies(stack);
  yield* doorbellPolicies(stack, facts);
  yield* jobPolicies(stack, facts);
  yield* accessPolicies(stack, facts);
  yield* mirrorPolicies(stack, facts);
  yield* residencyPolicies(stack);
  yield* wayInPolicies(stack);
  yield* trailPolicies(stack);
  yield* fencePolicies(stack);
}
