import { isGiven } from '../choices.ts';
import type { Problem } from '../problems.ts';
import { type Resource, valueAt, valuesAt } from '../resources.ts';
import { isList, isRecord, UNKNOWN } from '../wire-values.ts';
import { DATA, NEVER_DESTROYED, RETENTION_SECONDS } from './data.ts';
import { brokenDemands } from './demand.ts';
import { EDGE } from './edge.ts';
import { broken } from './finding.ts';
import { grantFaults } from './grants.ts';
import { isOwnLogBucket, WATCH } from './watch.ts';

/**
 * What holds for every resource by itself. It is asked twice: of what is written down, which reaches modules that nobody
 * plans, and of what is planned, where every variable has its value.
 */
export function* resourcePolicies(resource: Resource): Generator<Problem> {
  for (const [pattern, why] of FORBIDDEN[resource.kind])
    if (pattern.test(resource.type)) yield broken(resource, `${resource.type} is not used here: ${why}`);
  if (resource.kind === 'data') return;
  for (const { path, occurrence, message } of brokenDemands(resource, [...DATA, ...EDGE, ...WATCH]))
    yield broken(resource, message, path, occurrence);
  yield* destruction(resource);
  if (resource.lifecycle['ignore_changes'] === UNKNOWN || resource.lifecycle['ignore_changes'] === 'all')
    yield broken(resource, `${resource.type}: ignore_changes = all hides every drift`, 'lifecycle.ignore_changes');
  yield* grantFaults(resource);
  yield* logTypes(resource);
  yield* earlyDeletion(resource);
}

const FORBIDDEN: Readonly<Record<'resource' | 'data', readonly (readonly [RegExp, string])[]>> = {
  resource: [
    [/^google_service_account_key$/, 'a key is a secret that can be stolen; identities are federated'],
    [/^google_storage_hmac_key$/, 'a key is a secret that can be stolen; identities are federated'],
    [
      /^google_storage_(bucket_acl|default_object_acl|object_acl)$/,
      'access is granted on the bucket, never object by object',
    ],
    [/^google_storage_\w*access_control$/, 'access is granted on the bucket, never object by object'],
    [/_iam_policy$/, 'it takes away every grant that is not in it; use _iam_member'],
    [/^google_(project|folder|organization)_iam_binding$/, "it takes away others' grants of the role; use _iam_member"],
    [/^google_cloudfunctions_function/, 'first generation functions are not'],
    [/^google_cloudfunctions2_function_iam_/, 'the right to call lies on the Cloud Run service'],
    [/^google_kms_secret_ciphertext$/, 'the plain text would lie in the state'],
    // That of a project takes lines out of its own bucket alone; the demands say which.
    [/^google_logging_(?!project_)\w+_exclusion$/, 'what is excluded is missing from the trail'],
    [/^google_project_iam_member_remove$/, 'what is not granted need not be removed'],
  ],
  data: [
    [
      /^google_(secret_manager_secret_version(_access)?|kms_secret(_asymmetric)?)$/,
      'the secret would lie in the state',
    ],
    [/^google_service_account_(access_token|id_token|jwt|key)$/, 'the token would lie in the state'],
  ],
};

const isArchive = ({ type, values }: Resource): boolean =>
  type === 'google_storage_bucket' && isGiven(values['retention_policy']) === true;
const isTrail = ({ type, values }: Resource): boolean =>
  type === 'google_logging_project_bucket_config' && isOwnLogBucket(values) === true;

function* destruction(resource: Resource): Generator<Problem> {
  if (!NEVER_DESTROYED.includes(resource.type) && !isArchive(resource) && !isTrail(resource)) return;
  if (resource.lifecycle['prevent_destroy'] === true) return;
  yield broken(
    resource,
    `${resource.type}: lifecycle must have prevent_destroy = true: what it holds cannot be made again`,
    'lifecycle.prevent_destroy',
  );
}

/** Reading and writing of data is logged only where it is asked for, each kind by itself. */
function* logTypes(resource: Resource): Generator<Problem> {
  if (resource.type !== 'google_project_iam_audit_config') return;
  const found = valuesAt(resource.values, 'audit_log_config.log_type').map(({ value }) => value);
  if (found.includes(UNKNOWN)) return;
  const missing = ['ADMIN_READ', 'DATA_READ', 'DATA_WRITE'].filter((wanted) => !found.includes(wanted));
  if (missing.length > 0)
    yield broken(
      resource,
      `${resource.type}: audit_log_config lacks ${missing.join(', ')}: who read and wrote is part of the trail`,
    );
}

/** A rule may not delete what has to be kept. Under a lock it could not, and would only look as if. */
function* earlyDeletion(resource: Resource): Generator<Problem> {
  if (!isArchive(resource)) return;
  const rules = resource.values['lifecycle_rule'];
  const period = valueAt(resource.values, 'retention_policy.retention_period');
  const seconds = typeof period === 'number' ? period : RETENTION_SECONDS;
  for (const [at, rule] of (isList(rules) ? rules : []).entries()) {
    if (!isRecord(rule) || valueAt(rule, 'action.type') !== 'Delete') continue;
    const age = valueAt(rule, 'condition.age');
    if (age === UNKNOWN || (typeof age === 'number' && age * 86_400 >= seconds)) continue;
    yield broken(
      resource,
      `${resource.type}: lifecycle_rule deletes evidence before its retention is over`,
      'lifecycle_rule',
      at,
    );
  }
}
