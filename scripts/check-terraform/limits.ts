import type { Form } from './forms.ts';
import * as form from './forms.ts';

/**
 * What single values have to be, as far as the provider's documentation says and its schema does not: by type, then by
 * the argument's path. Where nothing else stands beside a group, the source is the argument's entry in
 * https://registry.terraform.io/providers/hashicorp/google/6.50.0/docs
 *
 * Texts that come from other resources (addresses, accounts) are not here but among the policies: in a `terraform test`
 * with a mocked provider they are eight random letters.
 */
export const LIMITS: Readonly<Record<string, Readonly<Record<string, Form>>>> = {
  google_pubsub_topic: {
    message_retention_duration: form.seconds(600, 2_678_400),
    // https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
    name: form.matching(/^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/, 'a name of 3 to 255 characters without "goog"'),
  },
  google_pubsub_schema: { definition: form.avroRecord },
  google_pubsub_subscription: {
    name: form.matching(/^(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$/, 'a name of 3 to 255 characters without "goog"'),
    ack_deadline_seconds: form.from(10, 600),
    message_retention_duration: form.seconds(600, 2_678_400),
    'dead_letter_policy.max_delivery_attempts': form.from(5, 100),
    'retry_policy.minimum_backoff': form.seconds(0, 600),
    'retry_policy.maximum_backoff': form.seconds(0, 600),
    'expiration_policy.ttl': form.orEmpty(form.seconds(86_400)),
    filter: (value) => (String(value).length <= 256 ? undefined : 'must have at most 256 characters'),
  },
  google_cloud_scheduler_job: {
    schedule: form.cron,
    time_zone: form.timeZone,
    attempt_deadline: form.seconds(15, 1800),
    'retry_config.retry_count': form.from(0, 5),
    'retry_config.max_retry_duration': form.seconds(),
    'retry_config.min_backoff_duration': form.seconds(),
    'retry_config.max_backoff_duration': form.seconds(),
    'retry_config.max_doublings': form.from(0),
    'http_target.body': form.base64,
    'http_target.http_method': form.oneOf('POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
  },
  google_cloudfunctions2_function: {
    name: form.matching(/^[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?$/, 'a name of a-z, 0-9 and -, up to 63 characters'),
    'build_config.runtime': form.matching(
      /^(nodejs|python|go|java|dotnet|ruby|php)[0-9]+$/,
      'a runtime such as "nodejs24"',
    ),
    // https://cloud.google.com/functions/quotas: 60 minutes for HTTP functions, 1,000 requests at once
    'service_config.timeout_seconds': form.from(1, 3600),
    'service_config.max_instance_request_concurrency': form.from(1, 1000),
    'service_config.min_instance_count': form.from(0),
    'service_config.max_instance_count': form.from(1),
    'service_config.available_memory': form.matching(
      /^[0-9]+(k|M|G|Mi|Gi)?$/,
      'an amount of memory such as "512M" or "1Gi"',
    ),
    'service_config.available_cpu': form.matching(
      /^([0-9]+(\.[0-9]+)?|[0-9]+m)$/,
      'an amount of CPU such as "1" or "583m"',
    ),
  },
  google_cloud_run_v2_service: {
    'template.timeout': form.seconds(1, 3600),
    'template.max_instance_request_concurrency': form.from(0, 1000),
    'template.containers.ports.container_port': form.from(1, 65_535),
  },
  google_spanner_instance: {
    name: form.matching(/^[a-z][a-z0-9-]{0,28}[a-z0-9]$/, 'a name of 2 to 30 characters of a-z, 0-9 and -'),
    // https://cloud.google.com/spanner/docs/compute-capacity
    processing_units: form.multipleOf(100, form.from(100)),
    num_nodes: form.from(1),
    'autoscaling_config.autoscaling_limits.min_processing_units': form.multipleOf(1000, form.from(1000)),
    'autoscaling_config.autoscaling_limits.max_processing_units': form.multipleOf(1000, form.from(1000)),
    'autoscaling_config.autoscaling_limits.min_nodes': form.from(1),
    'autoscaling_config.autoscaling_limits.max_nodes': form.from(1),
    'autoscaling_config.autoscaling_targets.high_priority_cpu_utilization_percent': form.from(10, 90),
    'autoscaling_config.autoscaling_targets.storage_utilization_percent': form.from(10, 99),
  },
  google_spanner_database: {
    name: form.matching(/^[a-z][a-z0-9_-]{0,28}[a-z0-9]$/, 'a name of 2 to 30 characters of a-z, 0-9, _ and -'),
    version_retention_period: form.spannerPeriod(3600, 604_800),
  },
  google_spanner_backup_schedule: {
    retention_duration: form.seconds(86_400, 366 * 86_400),
    'spec.cron_spec.text': form.cron,
  },
  google_firestore_database: {
    name: form.matching(/^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/, '"(default)" or 4 to 63 of a-z, 0-9 and -'),
    deletion_policy: form.oneOf('ABANDON', 'DELETE'),
  },
  google_firestore_backup_schedule: { retention: form.seconds(86_400, 14 * 7 * 86_400) },
  google_storage_bucket: {
    // https://cloud.google.com/storage/docs/buckets#naming
    name: form.matching(
      /^(?!goog)[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
      'a name of a-z, 0-9, -, _ and . without "goog"',
    ),
    public_access_prevention: form.oneOf('enforced', 'inherited'),
    storage_class: form.oneOf('STANDARD', 'MULTI_REGIONAL', 'REGIONAL', 'NEARLINE', 'COLDLINE', 'ARCHIVE'),
    rpo: form.oneOf('DEFAULT', 'ASYNC_TURBO'),
    'retention_policy.retention_period': form.from(1, 3_155_759_999),
    'soft_delete_policy.retention_duration_seconds': (value) =>
      // https://cloud.google.com/storage/docs/soft-delete: 7 to 90 days, or 0 to switch it off
      value === 0 ? undefined : form.from(604_800, 7_776_000)(value),
    'autoclass.terminal_storage_class': form.oneOf('NEARLINE', 'ARCHIVE'),
    'custom_placement_config.data_locations': form.count(2, 2),
    'lifecycle_rule.action.type': form.oneOf('Delete', 'SetStorageClass', 'AbortIncompleteMultipartUpload'),
    'lifecycle_rule.action.storage_class': form.oneOf('MULTI_REGIONAL', 'REGIONAL', 'NEARLINE', 'COLDLINE', 'ARCHIVE'),
    'lifecycle_rule.condition.age': form.from(0),
    'lifecycle_rule.condition.with_state': form.oneOf('LIVE', 'ARCHIVED', 'ANY'),
    'ip_filter.mode': form.oneOf('Enabled', 'Disabled'),
  },
  google_kms_crypto_key: {
    // https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys#CryptoKeyPurpose
    purpose: form.oneOf('ENCRYPT_DECRYPT', 'ASYMMETRIC_SIGN', 'ASYMMETRIC_DECRYPT', 'MAC', 'RAW_ENCRYPT_DECRYPT'),
    rotation_period: form.seconds(86_401),
    // https://cloud.google.com/kms/docs/destroy-restore: 24 hours to 120 days
    destroy_scheduled_duration: form.seconds(86_400, 120 * 86_400),
    'version_template.protection_level': form.oneOf('SOFTWARE', 'HSM', 'EXTERNAL', 'EXTERNAL_VPC'),
    'version_template.algorithm': form.matching(
      // https://cloud.google.com/kms/docs/reference/rest/v1/CryptoKeyVersionAlgorithm
      /^(GOOGLE_SYMMETRIC_ENCRYPTION|AES_(128|256)_(GCM|CBC|CTR)|RSA_SIGN_(PSS|PKCS1)_(2048|3072)_SHA256|RSA_SIGN_(PSS|PKCS1)_4096_SHA(256|512)|RSA_SIGN_RAW_PKCS1_(2048|3072|4096)|RSA_DECRYPT_OAEP_(2048|3072)_SHA(1|256)|RSA_DECRYPT_OAEP_4096_SHA(1|256|512)|EC_SIGN_(P256_SHA256|P384_SHA384|SECP256K1_SHA256|ED25519)|HMAC_SHA(1|224|256|384|512)|EXTERNAL_SYMMETRIC_ENCRYPTION)$/,
      'an algorithm of Cloud KMS, such as "RSA_SIGN_PKCS1_3072_SHA256"',
    ),
  },
  google_secret_manager_secret: {
    ttl: form.seconds(),
    version_destroy_ttl: form.seconds(86_400),
    'rotation.rotation_period': form.seconds(3600, 3_153_600_000),
  },
  google_secret_manager_secret_version: { deletion_policy: form.oneOf('DELETE', 'DISABLE', 'ABANDON') },
  google_service_account: {
    account_id: form.matching(/^[a-z][-a-z0-9]{4,28}[a-z0-9]$/, 'an id of 6 to 30 characters of a-z, 0-9 and -'),
  },
  google_project_service: {
    service: form.matching(/^[a-z0-9.-]+\.googleapis\.com$/, 'an API such as "run.googleapis.com"'),
  },
  google_project_iam_audit_config: {
    'audit_log_config.log_type': form.oneOf('ADMIN_READ', 'DATA_READ', 'DATA_WRITE'),
  },
  google_iam_workload_identity_pool: {
    workload_identity_pool_id: form.matching(/^(?!gcp-)[a-z0-9-]{4,32}$/, 'an id of 4 to 32 of a-z, 0-9 and -'),
  },
  google_iam_workload_identity_pool_provider: {
    workload_identity_pool_provider_id: form.matching(
      /^(?!gcp-)[a-z0-9-]{4,32}$/,
      'an id of 4 to 32 of a-z, 0-9 and -',
    ),
    'oidc.issuer_uri': form.httpsUrl,
  },
  google_org_policy_policy: {
    name: form.matching(
      /^(projects|folders|organizations)\/[^/]+\/policies\/[a-zA-Z0-9.]+$/,
      'projects/P/policies/C, folders/F/policies/C or organizations/O/policies/C',
    ),
    'spec.rules.enforce': form.oneOf('TRUE', 'FALSE'),
    'spec.rules.allow_all': form.oneOf('TRUE', 'FALSE'),
    'spec.rules.deny_all': form.oneOf('TRUE', 'FALSE'),
  },
  google_monitoring_slo: {
    goal: (value) => (typeof value === 'number' && value > 0 && value < 1 ? undefined : 'must be above 0 and below 1'),
    rolling_period_days: form.from(1, 30),
    'windows_based_sli.window_period': form.seconds(60, 86_400),
  },
  google_monitoring_alert_policy: {
    'conditions.condition_threshold.duration': form.seconds(),
    'conditions.condition_threshold.aggregations.alignment_period': form.seconds(60),
    'conditions.condition_absent.duration': form.seconds(120),
    'conditions.condition_absent.aggregations.alignment_period': form.seconds(60),
    'alert_strategy.auto_close': form.seconds(1800),
    'alert_strategy.notification_rate_limit.period': form.seconds(),
  },
  google_monitoring_uptime_check_config: {
    period: form.oneOf('60s', '300s', '600s', '900s'),
    timeout: form.seconds(1, 60),
    'http_check.port': form.from(1, 65_535),
  },
  google_monitoring_dashboard: { dashboard_json: form.json },
  google_logging_project_bucket_config: { retention_days: form.from(1, 3650) },
  google_billing_budget: {
    'threshold_rules.threshold_percent': form.from(0),
    'all_updates_rule.monitoring_notification_channels': form.count(0, 5),
    billing_account: form.matching(
      /^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/,
      'an account such as "012345-6789AB-CDEF01"',
    ),
  },
  google_compute_security_policy: {
    'rule.priority': form.from(0, 2_147_483_647),
    'rule.action': form.matching(
      /^(allow|deny\((403|404|429|502)\)|rate_based_ban|redirect|throttle)$/,
      'an action of Cloud Armor',
    ),
    'rule.rate_limit_options.rate_limit_threshold.count': form.from(1),
    // https://cloud.google.com/armor/docs/rate-limiting-overview
    'rule.rate_limit_options.rate_limit_threshold.interval_sec': form.oneOf(
      ...'10 30 60 120 180 240 270 300 600 900 1200 1800 2700 3600'.split(' '),
    ),
    'rule.rate_limit_options.conform_action': form.oneOf('allow'),
    'rule.rate_limit_options.exceed_action': form.matching(
      /^(deny\((403|404|429|502)\)|redirect)$/,
      'deny(...) or redirect',
    ),
    'rule.match.versioned_expr': form.oneOf('SRC_IPS_V1'),
  },
  google_compute_ssl_policy: { profile: form.oneOf('COMPATIBLE', 'MODERN', 'RESTRICTED', 'CUSTOM') },
  google_compute_backend_service: { timeout_sec: form.from(1, 2_147_483_647) },
  google_compute_global_forwarding_rule: {
    port_range: form.matching(/^[0-9]{1,5}(-[0-9]{1,5})?$/, 'a port or a range of ports'),
  },
  google_compute_subnetwork: {
    ip_cidr_range: form.matching(/^([0-9]{1,3}\.){3}[0-9]{1,3}\/[0-9]{1,2}$/, 'an IPv4 range such as "10.0.0.0/24"'),
  },
};

/** The same for an argument of this name, whatever type it belongs to. */
export const LIMITS_BY_NAME: Readonly<Record<string, Form>> = {
  region: form.regionIfItLooksLikeOne,
  location: form.regionIfItLooksLikeOne,
  location_id: form.regionIfItLooksLikeOne,
};

/** The same for every type that grants something. */
export const LIMITS_OF_GRANTS: Readonly<Record<string, Form>> = {
  role: form.role,
  member: form.member,
  members: (value) =>
    (Array.isArray(value) ? value : [])
      .filter((item): item is string => typeof item === 'string')
      .map((item) => form.member(item))
      .find((fault) => fault !== undefined),
};
