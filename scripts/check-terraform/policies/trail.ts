import type { Problem } from '../problems.ts';
import { textAt } from '../resources.ts';
import { broken } from './finding.ts';
import { isGrant, membersOf } from './grants.ts';
import { LOCKED_ENVIRONMENT, nameOf, type Stack } from './stack.ts';

/** Who did what is written down, kept elsewhere, and what must not be done is fenced off. */
export function* trailPolicies(stack: Stack): Generator<Problem> {
  yield* trail(stack);
  yield* sinks(stack);
  yield* guardRails(stack);
}

const AUDITED: readonly string[] = ['cloudkms', 'datastore', 'iam', 'secretmanager', 'spanner', 'storage'];

/** Reads and writes of what holds tenants' records are logged, and the log is routed to the bucket that keeps it. */
function* trail(stack: Stack): Generator<Problem> {
  const configs = stack.of('google_project_iam_audit_config');
  const [first] = configs;
  const services = new Set(configs.map(({ values }) => textAt(values, 'service')));
  for (const service of AUDITED)
    if (first !== undefined && !services.has('allServices') && !services.has(`${service}.googleapis.com`))
      yield broken(
        first,
        `google_project_iam_audit_config: who reads and writes ${service}.googleapis.com is not logged`,
        'service',
      );
  for (const sink of stack.of('google_logging_project_sink')) {
    const filter = textAt(sink.values, 'filter');
    for (const log of ['activity', 'data_access', 'system_event', 'policy'])
      if (filter !== undefined && !new RegExp(`cloudaudit\\.googleapis\\.com(/|%2F)${log}`).test(filter))
        yield broken(
          sink,
          `google_logging_project_sink: the filter leaves out cloudaudit.googleapis.com/${log}`,
          'filter',
        );
  }
}

/** A sink that may not write keeps nothing, and nobody notices before the day that somebody asks. */
function* sinks(stack: Stack): Generator<Problem> {
  const buckets = stack.of('google_logging_project_bucket_config').map(({ values }) => textAt(values, 'id') ?? '?');
  for (const sink of stack.of('google_logging_project_sink')) {
    const writer = textAt(sink.values, 'writer_identity');
    const destination = textAt(sink.values, 'destination') ?? '';
    if (!buckets.some((bucket) => destination.endsWith(`/${bucket}`)))
      yield broken(
        sink,
        `google_logging_project_sink ${nameOf(sink)}: destination ${destination} is no bucket that is planned`,
        'destination',
      );
    if (
      !stack.resources.some((grant) => isGrant(grant.type) && writer !== undefined && membersOf(grant).includes(writer))
    )
      yield broken(
        sink,
        `google_logging_project_sink ${nameOf(sink)}: its writer_identity has no grant on the destination`,
      );
  }
}

const GUARD_RAILS: readonly string[] = [
  'compute.skipDefaultNetworkCreation',
  'iam.automaticIamGrantsForDefaultServiceAccounts',
  'iam.disableServiceAccountKeyCreation',
  'iam.disableServiceAccountKeyUpload',
  'storage.publicAccessPrevention',
  'storage.uniformBucketLevelAccess',
  'gcp.resourceLocations',
  'gcp.restrictNonCmekServices',
  'run.allowedIngress',
  'cloudfunctions.allowedIngressSettings',
  'iam.workloadIdentityPoolProviders',
];

/** In production the organization's policies are at least tried out, and none is missing. */
function* guardRails(stack: Stack): Generator<Problem> {
  const policies = stack.of('google_org_policy_policy');
  const names = new Set(policies.map(({ values }) => textAt(values, 'name')?.split('/').at(-1)));
  const missing = GUARD_RAILS.filter((name) => !names.has(name));
  if (missing.length === 0 || (policies.length === 0 && stack.environment !== LOCKED_ENVIRONMENT)) return;
  const message = `google_org_policy_policy: no guard rail for ${missing.join(', ')} in ${stack.environment}`;
  const [first] = policies;
  yield first === undefined
    ? { check: 'policy', file: `environments/${stack.environment}`, line: 1, message }
    : broken(first, message);
}
