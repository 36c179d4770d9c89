import { isGiven } from '../choices.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt, valuesAt } from '../resources.ts';
import { broken } from './finding.ts';
import { isGrant, membersOf } from './grants.ts';
import { LOCKED_ENVIRONMENT, nameOf, type Stack } from './stack.ts';

/** Who did what is written down, kept elsewhere, and what must not be done is fenced off. */
export function* trailPolicies(stack: Stack): Generator<Problem> {
  yield* trail(stack);
  yield* sinks(stack);
  yield* keptElsewhere(stack);
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
  const sinks = stack.of('google_logging_project_sink');
  const filters = sinks.map(({ values }) => textAt(values, 'filter'));
  const [sink] = sinks;
  if (sink === undefined || filters.includes(undefined)) return;
  for (const log of ['activity', 'data_access', 'system_event', 'policy'])
    if (!filters.some((filter) => new RegExp(`log_id\\("cloudaudit\\.googleapis\\.com(/|%2F)${log}"\\)`).test(filter!)))
      yield broken(
        sink,
        `google_logging_project_sink: the filters leave out cloudaudit.googleapis.com/${log}`,
        'filter',
      );
}

/** A sink that may not write keeps nothing, and nobody notices before the day that somebody asks. */
function* sinks(stack: Stack): Generator<Problem> {
  const logs = stack.of('google_logging_project_bucket_config').map(({ values }) => textAt(values, 'id') ?? '?');
  const files = stack.of('google_storage_bucket').filter(({ values }) => isGiven(values['retention_policy']) === true);
  for (const sink of stack.of('google_logging_project_sink')) {
    const writer = textAt(sink.values, 'writer_identity');
    const destination = textAt(sink.values, 'destination') ?? '';
    const isLogs = logs.some((bucket) => destination === `logging.googleapis.com/${bucket}`);
    const bucket = files
      .map(({ values }) => textAt(values, 'name'))
      .find((name) => destination === `storage.googleapis.com/${name}`);
    if (!isLogs && bucket === undefined)
      yield broken(
        sink,
        `google_logging_project_sink ${nameOf(sink)}: destination ${destination} is no bucket that is planned and keeps what it is given`,
        'destination',
      );
    const isOn = (grant: Resource): boolean => bucket === undefined || textAt(grant.values, 'bucket') === bucket;
    const grants = stack.resources.filter((grant) => isGrant(grant.type) && isOn(grant));
    if (!grants.some((grant) => writer !== undefined && membersOf(grant).includes(writer)))
      yield broken(
        sink,
        `google_logging_project_sink ${nameOf(sink)}: its writer_identity has no grant on the destination`,
      );
  }
}

/** Whoever runs the ledger could destroy a key of their own, and what lies under it would be lost, lock or no lock. */
function* keptElsewhere(stack: Stack): Generator<Problem> {
  for (const bucket of stack.of('google_storage_bucket')) {
    // What is kept and is not the vault is the trail.
    if (isGiven(bucket.values['retention_policy']) !== true || nameOf(bucket) === stack.setting('VAULT_BUCKET'))
      continue;
    const own = stack.of('google_logging_project_sink').map(({ values }) => textAt(values, 'project'));
    const [key] = valuesAt(bucket.values, 'encryption.default_kms_key_name').map(({ value }) => value);
    const ring = stack.of('google_kms_crypto_key').find(({ values }) => values['id'] === key)?.values['key_ring'];
    const places = [bucket, ...stack.of('google_kms_key_ring').filter(({ values }) => values['id'] === ring)];
    for (const place of places)
      if (own.includes(textAt(place.values, 'project')))
        yield broken(
          place,
          `${place.type} ${nameOf(place)}: the trail and its key lie in another project than what they tell of`,
          'project',
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
