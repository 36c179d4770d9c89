import type { Problem } from '../problems.ts';
import { type Resource, textAt, valueAt, valuesAt } from '../resources.ts';
import { isList, type Value } from '../wire-values.ts';
import { broken } from './finding.ts';
import { membersOf } from './grants.ts';
import { LOCKED_ENVIRONMENT, nameOf, type Stack } from './stack.ts';

/** What has to be there at all, and what has to stand before what. */
export function* fencePolicies(stack: Stack): Generator<Problem> {
  if (stack.resources.length === 0) return;
  for (const [type, why] of WANTED)
    if (stack.of(type).length === 0)
      yield {
        check: 'policy',
        file: `environments/${stack.environment}`,
        line: 1,
        message: `no ${type} is planned in ${stack.environment} ${stack.residency}: ${why}`,
      };
  yield* locks(stack);
  yield* backups(stack);
  yield* keyUse(stack);
  yield* twoRegions(stack);
  yield* told(stack);
}

const WANTED: readonly (readonly [string, string])[] = [
  ['google_cloudfunctions2_function', 'the suite is its functions'],
  ['google_pubsub_topic', 'functions ring each other'],
  ['google_pubsub_subscription', 'functions ring each other'],
  ['google_pubsub_schema', 'a topic takes what its schema allows'],
  ['google_cloud_scheduler_job', 'the sweep is the safety net of everything that was announced'],
  ['google_spanner_database', 'the book of record'],
  ['google_spanner_backup_schedule', 'the book of record has backups'],
  ['google_firestore_database', 'tenants read their own pages'],
  ['google_firestore_backup_schedule', 'what tenants read has backups'],
  ['google_firebaserules_release', 'without rules nobody reads, or everybody'],
  ['google_storage_bucket', 'evidence is archived'],
  ['google_kms_crypto_key', 'receipts are signed'],
  ['google_kms_crypto_key_version', 'the signing version is pinned'],
  ['google_compute_security_policy', 'Cloud Armor stands before the public edge'],
  ['google_compute_ssl_policy', 'the edge speaks modern TLS only'],
  ['google_compute_target_https_proxy', 'the edge is reached over HTTPS'],
  ['google_compute_global_forwarding_rule', 'the edge is reached over HTTPS'],
  ['google_project_iam_audit_config', 'who read what is part of the trail'],
  ['google_logging_project_sink', 'the trail is kept where nobody can shorten it'],
  ['google_logging_project_bucket_config', 'the trail is kept where nobody can shorten it'],
  ['google_monitoring_alert_policy', 'somebody is told'],
  ['google_monitoring_slo', 'what tenants were promised is measured'],
  ['google_monitoring_dashboard', 'somebody can look'],
  ['google_billing_budget', 'nobody is surprised by the bill'],
];

function* locks(stack: Stack): Generator<Problem> {
  if (stack.environment !== LOCKED_ENVIRONMENT) return;
  for (const bucket of stack.of('google_storage_bucket'))
    for (const { value } of valuesAt(bucket.values, 'retention_policy.is_locked'))
      if (isArchive(bucket) && value !== true)
        yield broken(
          bucket,
          `google_storage_bucket: retention_policy.is_locked must be true in ${LOCKED_ENVIRONMENT}, and is ${JSON.stringify(value)}: retention that can be shortened is none`,
          'retention_policy.is_locked',
        );
  for (const bucket of stack.of('google_logging_project_bucket_config'))
    if (!/^_(Default|Required)$/.test(textAt(bucket.values, 'bucket_id') ?? '') && bucket.values['locked'] !== true)
      yield broken(
        bucket,
        `google_logging_project_bucket_config: locked must be true in ${LOCKED_ENVIRONMENT}, and is ${JSON.stringify(bucket.values['locked'] ?? null)}: a trail that can be shortened is none`,
        'locked',
      );
}

const isArchive = ({ values }: Resource): boolean =>
  isList(values['retention_policy'] ?? null) && (values['retention_policy'] as readonly Value[]).length > 0;

/** The book of record is backed up each day, by full copies or by a chain, which begins with one; what can be made again, each week. */
function* backups(stack: Stack): Generator<Problem> {
  for (const database of stack.of('google_spanner_database')) {
    const own = stack
      .of('google_spanner_backup_schedule')
      .filter(({ values }) => values['database'] === database.values['name']);
    if (!own.some(({ values }) => /( \*){3}$/.test(textAt(values, 'spec.cron_spec.text') ?? '')))
      yield broken(database, `google_spanner_database ${nameOf(database)} is not backed up every day`);
  }
  for (const database of stack.of('google_firestore_database')) {
    const isItsOwn = ({ values }: Resource) =>
      (values['database'] ?? '(default)') === database.values['name'] &&
      (isGivenBlock(values['daily_recurrence']) || isGivenBlock(values['weekly_recurrence']));
    if (!stack.of('google_firestore_backup_schedule').some(isItsOwn))
      yield broken(database, `google_firestore_database ${nameOf(database)} is not backed up every week`);
  }
}

const isGivenBlock = (value: Value | undefined): boolean => isList(value) && value.length > 0;

/** Where a service is told its key, and the agent that has to be allowed to use it. */
const KEYS: readonly (readonly [string, string, string])[] = [
  ['google_storage_bucket', 'encryption.default_kms_key_name', 'gs-project-accounts'],
  ['google_spanner_database', 'encryption_config.kms_key_names', 'gcp-sa-spanner'],
  ['google_spanner_database', 'encryption_config.kms_key_name', 'gcp-sa-spanner'],
  ['google_firestore_database', 'cmek_config.kms_key_name', 'gcp-sa-firestore'],
  ['google_pubsub_topic', 'kms_key_name', 'gcp-sa-pubsub'],
  [
    'google_secret_manager_secret',
    'replication.user_managed.replicas.customer_managed_encryption.kms_key_name',
    'gcp-sa-secretmanager',
  ],
];

/** A key that its service's agent may not use keeps the service from writing anything. */
function* keyUse(stack: Stack): Generator<Problem> {
  const may = new Set(
    stack
      .of('google_kms_crypto_key_iam_member')
      .filter(({ values }) => values['role'] === 'roles/cloudkms.cryptoKeyEncrypterDecrypter')
      .flatMap((grant) =>
        membersOf(grant).map((member) => `${textAt(grant.values, 'crypto_key_id')} ${member.split(/[@.]/)[1]}`),
      ),
  );
  for (const [type, path, agent] of KEYS)
    for (const resource of stack.of(type))
      for (const { value } of valuesAt(resource.values, path))
        for (const key of isList(value) ? value : [value])
          if (typeof key === 'string' && !may.has(`${key} ${agent}`))
            yield broken(
              resource,
              `${type}: ${path} is ${key.split('/').slice(-3).join('/')}, which Google's agent ${agent} may not use`,
              path,
            );
}

/** What somebody waits for, or the next receipt, is kept twice in a location; what each minute needs, once; what bills and archives starts when it is called. */
const WARM: Readonly<Record<string, number>> = {
  ingest: 2,
  api: 2,
  'sign-receipts': 2,
  'run-invoices': 0,
  'archive-period': 0,
};
const MOST = 100;

/** In production a region can be lost: the book of record lies in several, and every function is warm in two. */
function* twoRegions(stack: Stack): Generator<Problem> {
  for (const deployed of stack.functions) {
    const most = valueAt(deployed.values, 'service_config.max_instance_count');
    if (typeof most === 'number' && most > MOST)
      yield broken(
        deployed,
        `max_instance_count ${most} is above ${MOST}, for which connections and quotas are sized`,
        'service_config.max_instance_count',
      );
  }
  if (stack.environment !== LOCKED_ENVIRONMENT) return;
  for (const instance of stack.of('google_spanner_instance'))
    if (/(^|\/)regional-/.test(textAt(instance.values, 'config') ?? ''))
      yield broken(
        instance,
        `google_spanner_instance ${nameOf(instance)}: config must be multi-region in ${LOCKED_ENVIRONMENT}`,
        'config',
      );
  for (const [name, deployed] of Map.groupBy(stack.functions, nameOf)) {
    const least = WARM[name] ?? 1;
    const warm = deployed.filter(({ values }) => Number(valueAt(values, 'service_config.min_instance_count')) >= least);
    if (warm.length < 2)
      yield broken(
        deployed[0]!,
        `function ${name} keeps ${least} warm in ${warm.length} locations: it has to in two, so that one can be lost`,
        'service_config.min_instance_count',
      );
  }
}

/** What functions are told of is what is planned, and evidence goes where it cannot be deleted. */
function* told(stack: Stack): Generator<Problem> {
  for (const [setting, type, argument] of POINTERS) {
    const value = stack.setting(setting);
    const planned = stack.of(type);
    const [first] = planned;
    if (value === undefined || first === undefined) continue;
    const meant = planned.find(({ values }) => textAt(values, argument) === value);
    if (meant === undefined)
      yield broken(first, `${setting} is ${value}, and no ${type} of that ${argument} is planned`, argument);
    else if (setting === 'VAULT_BUCKET' && !isArchive(meant))
      yield broken(
        meant,
        `google_storage_bucket ${value}: retention_policy must be given: evidence is kept for seven years`,
      );
  }
}

const POINTERS: readonly (readonly [string, string, string])[] = [
  ['SPANNER_INSTANCE', 'google_spanner_instance', 'name'],
  ['SPANNER_DATABASE', 'google_spanner_database', 'name'],
  ['FIRESTORE_DATABASE', 'google_firestore_database', 'name'],
  ['VAULT_BUCKET', 'google_storage_bucket', 'name'],
  ['KMS_KEY_RING', 'google_kms_key_ring', 'id'],
  ['WRAPPING_KEY', 'google_kms_crypto_key', 'id'],
];
