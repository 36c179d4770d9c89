import { isGiven } from '../choices.ts';
import { secondsOf, spannerSeconds } from '../forms.ts';
import { valueAt } from '../resources.ts';
import { UNKNOWN, type Values } from '../wire-values.ts';
import { absent, anAccount, anAddress, atLeast, atMost, type Demand, given, is, isNot, matches } from './demand.ts';

/** Seven years with the two leap days that they can hold: 7 * 365 + 2 = 2,557 days. */
export const RETENTION_DAYS = 2557;
export const RETENTION_SECONDS = RETENTION_DAYS * 86_400;

const DAY = 86_400;
const isArchive = (values: Values): boolean | undefined => isGiven(values['retention_policy']);
const negated = (value: boolean | undefined): boolean | undefined => (value === undefined ? undefined : !value);
const isOf = (purpose: string) => (values: Values) =>
  values['purpose'] === UNKNOWN ? undefined : (values['purpose'] ?? 'ENCRYPT_DECRYPT') === purpose;

/** Buckets, databases and what they say of themselves when somebody tries to remove them. */
const STORED: readonly Demand[] = [
  {
    type: 'google_storage_bucket',
    path: 'uniform_bucket_level_access',
    must: is(true),
    because: 'access is granted on the bucket, never object by object',
  },
  {
    type: 'google_storage_bucket',
    path: 'public_access_prevention',
    must: is('enforced'),
    because: 'no bucket of ours is public, whatever is granted on it',
  },
  {
    type: 'google_storage_bucket',
    path: 'force_destroy',
    must: isNot(true),
    because: 'a bucket with objects in it is not deleted',
  },
  {
    type: 'google_storage_bucket',
    path: 'soft_delete_policy.retention_duration_seconds',
    must: isNot(0),
    because: 'what was deleted by mistake can be brought back for a week at least',
  },
  {
    type: 'google_storage_bucket',
    path: 'cors',
    must: absent,
    because: 'no page of anybody reads a bucket',
  },
  {
    type: 'google_storage_bucket',
    path: 'website',
    must: absent,
    because: 'no bucket serves the web',
  },
  {
    type: 'google_storage_bucket',
    path: 'retention_policy.retention_period',
    must: atLeast(RETENTION_SECONDS, undefined, ` seconds (${RETENTION_DAYS} days)`),
    because: 'evidence is kept for seven years',
    when: isArchive,
  },
  {
    type: 'google_storage_bucket',
    path: 'versioning.enabled',
    must: is(true),
    because: 'what is replaced or deleted by mistake can be brought back',
    when: (values) => negated(isArchive(values)),
  },
  {
    type: 'google_storage_bucket',
    path: 'rpo',
    must: is('ASYNC_TURBO'),
    because: 'evidence is in its second region within 15 minutes',
    when: ({ retention_policy, custom_placement_config }) =>
      isGiven(retention_policy) === true && isGiven(custom_placement_config) === true,
  },
  {
    type: 'google_storage_bucket',
    path: 'encryption.default_kms_key_name',
    must: given,
    because: 'the archive lies under a key of ours',
    when: isArchive,
  },
  {
    type: 'google_spanner_instance',
    path: 'force_destroy',
    must: isNot(true),
    because: 'it would delete the backups with the instance',
  },
  {
    type: 'google_spanner_instance',
    path: 'autoscaling_config',
    must: given,
    because: 'the book of record grows with its load',
  },
  {
    type: 'google_spanner_instance',
    path: 'autoscaling_config.autoscaling_targets.high_priority_cpu_utilization_percent',
    must: atMost(65),
    because: 'what is left carries the load when a zone is lost',
    when: ({ config }) => typeof config === 'string' && /(^|\/)regional-/.test(config),
  },
  {
    type: 'google_spanner_instance',
    path: 'autoscaling_config.autoscaling_targets.high_priority_cpu_utilization_percent',
    must: atMost(45),
    because: 'what is left carries the load when a region is lost',
    when: ({ config }) => typeof config === 'string' && !/(^|\/)regional-/.test(config),
  },
  {
    type: 'google_spanner_instance',
    path: 'name',
    must: given,
    because: 'functions find it by its name',
  },
  {
    type: 'google_spanner_instance',
    path: 'edition',
    must: given,
    because: 'what an instance can do depends on it',
  },
  {
    type: 'google_spanner_instance',
    path: 'autoscaling_config.autoscaling_limits',
    must: given,
    because: 'growing has a floor and a ceiling',
  },
  {
    type: 'google_spanner_database',
    path: 'deletion_protection',
    must: isNot(false),
    because: 'Terraform does not delete the book of record',
  },
  {
    type: 'google_spanner_database',
    path: 'enable_drop_protection',
    must: is(true),
    because: 'nobody drops the book of record',
  },
  {
    type: 'google_spanner_database',
    path: 'version_retention_period',
    must: atLeast(7 * DAY, spannerSeconds, ' seconds (7d)'),
    because: 'point-in-time recovery reaches back as far as Spanner allows',
  },
  {
    type: 'google_spanner_database',
    path: 'encryption_config',
    must: given,
    because: 'the book of record lies under a key of ours',
  },
  {
    type: 'google_spanner_database',
    path: 'ddl',
    must: absent,
    because:
      'tables are made by npm run migrate: Terraform sees no drift in ddl and plans a new database for an edited line',
  },
  {
    type: 'google_spanner_backup_schedule',
    path: 'retention_duration',
    must: atLeast(30 * DAY, secondsOf, ' seconds (30 days)'),
    because: 'a backup outlives the discovery of what it is for',
  },
  {
    type: 'google_spanner_backup_schedule',
    path: 'spec.cron_spec.text',
    must: given,
    because: 'without it no backup is ever made',
  },
  {
    type: 'google_firestore_database',
    path: 'point_in_time_recovery_enablement',
    must: is('POINT_IN_TIME_RECOVERY_ENABLED'),
    because: 'a mistake of the last seven days can be undone',
  },
  {
    type: 'google_firestore_database',
    path: 'delete_protection_state',
    must: is('DELETE_PROTECTION_ENABLED'),
    because: 'nobody deletes what tenants read',
  },
  {
    type: 'google_firestore_database',
    path: 'deletion_policy',
    must: isNot('DELETE'),
    because: 'Terraform does not delete what tenants read',
  },
  {
    type: 'google_firestore_database',
    path: 'cmek_config.kms_key_name',
    must: given,
    because: "tenants' pages lie under a key of ours",
  },
  {
    type: 'google_firestore_database',
    path: 'type',
    must: is('FIRESTORE_NATIVE'),
    because: 'the rules hold for native mode only',
  },
  {
    type: 'google_firestore_backup_schedule',
    path: 'retention',
    must: atLeast(7 * DAY, secondsOf, ' seconds (7 days)'),
    because: 'a backup outlives point-in-time recovery',
  },
];

/** Keys and secrets. */
const KEPT_SECRET: readonly Demand[] = [
  {
    type: 'google_kms_crypto_key',
    path: 'version_template.protection_level',
    must: is('HSM'),
    because: 'keys never leave hardware',
  },
  {
    type: 'google_kms_crypto_key',
    path: 'destroy_scheduled_duration',
    must: atLeast(30 * DAY, secondsOf, ' seconds (30 days)'),
    because: 'a key destroyed by mistake can be brought back',
  },
  {
    type: 'google_kms_crypto_key',
    path: 'rotation_period',
    must: atMost(90 * DAY, secondsOf, ' seconds (90 days)'),
    because: 'data keys are rotated each quarter',
    when: isOf('ENCRYPT_DECRYPT'),
  },
  {
    type: 'google_kms_crypto_key',
    path: 'version_template.algorithm',
    // RS256 of JWA is what receipts, reports and the verifier know; 2048 bits are no longer for seven years.
    must: matches(/^RSA_SIGN_PKCS1_(3072|4096)_SHA256$/, 'RSA_SIGN_PKCS1_3072_SHA256 or RSA_SIGN_PKCS1_4096_SHA256'),
    because: 'receipts are signed with RS256, and the signature has to hold for seven years',
    when: isOf('ASYMMETRIC_SIGN'),
  },
  {
    type: 'google_secret_manager_secret_version',
    path: 'secret_data',
    must: absent,
    because: 'the value would lie in the state: use secret_data_wo',
  },
  {
    type: 'google_secret_manager_secret',
    path: 'replication.user_managed.replicas.customer_managed_encryption.kms_key_name',
    must: given,
    because: "a secret lies in the tenant's region, under a key of ours",
  },
  {
    type: 'google_secret_manager_secret',
    path: 'deletion_protection',
    must: is(true),
    because: 'Terraform does not delete what functions need to start',
  },
  {
    type: 'google_secret_manager_secret',
    path: 'version_destroy_ttl',
    must: given,
    because: 'a secret destroyed by mistake can be brought back',
  },
];

/** Doorbells. */
const SAID: readonly Demand[] = [
  {
    type: 'google_pubsub_topic',
    path: 'kms_key_name',
    must: given,
    because: 'messages lie under a key of ours',
  },
  {
    type: 'google_pubsub_topic',
    path: 'message_storage_policy.allowed_persistence_regions',
    must: given,
    because: "a message stays in its tenant's region",
  },
  {
    type: 'google_pubsub_topic',
    path: 'message_storage_policy.enforce_in_transit',
    must: is(true),
    because: "a message passes through its tenant's region only",
  },
  {
    type: 'google_pubsub_schema',
    path: 'type',
    must: is('AVRO'),
    because: 'messages are records of named attributes',
  },
  {
    type: 'google_pubsub_schema',
    path: 'definition',
    must: given,
    because: 'a schema without a definition allows anything',
  },
  {
    type: 'google_pubsub_topic',
    path: 'schema_settings.encoding',
    must: is('JSON'),
    because: 'publishers send JSON',
    when: ({ schema_settings }) => isGiven(schema_settings),
  },
  {
    type: 'google_pubsub_subscription',
    path: 'expiration_policy.ttl',
    must: is(''),
    because: 'a subscription that is idle for 31 days would be deleted',
  },
  {
    type: 'google_pubsub_subscription',
    path: 'message_retention_duration',
    must: atLeast(7 * DAY, secondsOf, ' seconds (7 days)'),
    because: 'what could not be delivered waits until somebody has looked',
  },
];

/** Pub/Sub calls a function only as somebody, and sets aside what it cannot deliver. */
const PUSHED: readonly Demand[] = (
  [
    ['push_config.oidc_token.service_account_email', anAccount, 'every push proves who it is'],
    ['push_config.oidc_token.audience', given, 'a token is for one function and no other'],
    ['dead_letter_policy.dead_letter_topic', given, 'what cannot be delivered is set aside, not dropped'],
    ['dead_letter_policy.max_delivery_attempts', atLeast(5), 'Pub/Sub takes 5 to 100 attempts'],
    ['retry_policy', given, 'without it a failing function is called again at once'],
    ['enable_message_ordering', is(true), "a tenant's doorbells arrive in order"],
    ['push_config.push_endpoint', anAddress, 'messages are encrypted on their way'],
    ['push_config.no_wrapper', absent, 'the envelope carries ordering key, delivery attempt and subscription'],
  ] as const
).map(([path, must, because]) => ({
  type: 'google_pubsub_subscription',
  path,
  must,
  because,
  when: (values: Values) => (valueAt(values, 'push_config') === UNKNOWN ? undefined : isGiven(values['push_config'])),
}));

export const DATA: readonly Demand[] = [...STORED, ...KEPT_SECRET, ...SAID, ...PUSHED];

/** Types whose loss cannot be made good: `lifecycle { prevent_destroy = true }`. */
export const NEVER_DESTROYED: readonly string[] = [
  'google_spanner_instance',
  'google_spanner_database',
  'google_firestore_database',
  'google_kms_key_ring',
  'google_kms_crypto_key',
  'google_kms_crypto_key_version',
  'google_compute_global_address',
  'google_secret_manager_secret',
];
