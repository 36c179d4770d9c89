import { secondsOf } from './forms.ts';
import { isList, isRecord, UNKNOWN, type Value, type Values } from './wire-values.ts';

/**
 * What arguments have to be to each other, as the provider's documentation says and its schema does not.
 * `within` is the path of the block they are in; each of its occurrences is looked at by itself.
 */
export type Choice = { readonly within?: string } & (
  | { readonly how: 'exactly one' | 'at most one' | 'at least one'; readonly of: readonly string[] }
  /** What is wrong with the block, or nothing. Unknown values say nothing. */
  | { readonly how: 'rule'; readonly rule: (block: Values) => string | undefined }
);

const exactlyOne = (of: readonly string[], within?: string): Choice => ({ how: 'exactly one', of, ...inside(within) });
const atLeastOne = (of: readonly string[], within?: string): Choice => ({ how: 'at least one', of, ...inside(within) });
const atMostOne = (of: readonly string[], within?: string): Choice => ({ how: 'at most one', of, ...inside(within) });
const rule = (check: (block: Values) => string | undefined, within?: string): Choice => ({
  how: 'rule',
  rule: check,
  ...inside(within),
});
const inside = (within: string | undefined) => (within === undefined ? {} : { within });

/** Whether an argument or block is there; undefined where that is not known yet. */
export function isGiven(value: Value | undefined): boolean | undefined {
  if (value === UNKNOWN) return undefined;
  return value !== undefined && value !== null && !(isList(value) && value.length === 0);
}

const isOrdered = (block: Values, less: string, more: string, read = (value: Value | undefined) => value) => {
  const [a, b] = [read(block[less]), read(block[more])];
  return typeof a === 'number' && typeof b === 'number' && a > b ? `${less} must not be above ${more}` : undefined;
};
const inOrder = (less: string, more: string, within?: string): Choice =>
  rule((block) => isOrdered(block, less, more), within);
const inOrderOfTime = (less: string, more: string, within?: string): Choice =>
  rule((block) => isOrdered(block, less, more, (value) => secondsOf(value) ?? null), within);

const needs = (wanted: string, by: string, within?: string): Choice =>
  rule(
    (block) => (isGiven(block[by]) === true && isGiven(block[wanted]) === false ? `${by} needs ${wanted}` : undefined),
    within,
  );

/** The texts of an argument in each of the blocks; undefined where one is not known. */
function textsOf(blocks: Value | undefined, argument: string): string[] | undefined {
  const texts = (isList(blocks) ? blocks : []).map((block) => (isRecord(block) ? block[argument] : UNKNOWN));
  return texts.every((text) => typeof text === 'string') ? texts : undefined;
}

/** By type. Sources: as in limits.ts. */
export const CHOICES: Readonly<Record<string, readonly Choice[]>> = {
  google_pubsub_subscription: [
    atMostOne(['push_config', 'bigquery_config', 'cloud_storage_config']),
    inOrderOfTime('minimum_backoff', 'maximum_backoff', 'retry_policy'),
    atMostOne(['use_topic_schema', 'use_table_schema'], 'bigquery_config'),
  ],
  google_cloud_scheduler_job: [
    exactlyOne(['http_target', 'pubsub_target', 'app_engine_http_target']),
    atMostOne(['oidc_token', 'oauth_token'], 'http_target'),
    inOrderOfTime('min_backoff_duration', 'max_backoff_duration', 'retry_config'),
    rule(
      (target) =>
        isGiven(target['body']) === true && ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(String(target['http_method']))
          ? 'body is allowed with POST, PUT and PATCH only'
          : undefined,
      'http_target',
    ),
  ],
  google_cloudfunctions2_function: [
    inOrder('min_instance_count', 'max_instance_count', 'service_config'),
    needs('vpc_connector', 'vpc_connector_egress_settings', 'service_config'),
    exactlyOne(['storage_source', 'repo_source'], 'build_config.source'),
    atMostOne(['automatic_update_policy', 'on_deploy_update_policy'], 'build_config'),
    // https://cloud.google.com/run/docs/configuring/services/cpu: under one CPU an instance takes one request at a time
    rule(({ available_cpu, max_instance_request_concurrency }) => {
      const cpu = typeof available_cpu === 'string' ? Number(available_cpu.replace(/m$/, 'e-3')) : Number.NaN;
      const requests = max_instance_request_concurrency;
      return cpu < 1 && typeof requests === 'number' && requests > 1
        ? 'max_instance_request_concurrency above 1 needs available_cpu of at least "1"'
        : undefined;
    }, 'service_config'),
  ],
  google_cloud_run_v2_service: [inOrder('min_instance_count', 'max_instance_count', 'template.scaling')],
  google_spanner_instance: [
    exactlyOne(['min_processing_units', 'min_nodes'], 'autoscaling_config.autoscaling_limits'),
    exactlyOne(['max_processing_units', 'max_nodes'], 'autoscaling_config.autoscaling_limits'),
    exactlyOne(['num_nodes', 'processing_units', 'autoscaling_config']),
    inOrder('min_processing_units', 'max_processing_units', 'autoscaling_config.autoscaling_limits'),
    inOrder('min_nodes', 'max_nodes', 'autoscaling_config.autoscaling_limits'),
    // https://cloud.google.com/spanner/docs/editions-overview
    rule(({ config, edition }) =>
      typeof config === 'string' &&
      !/(^|\/)regional-/.test(config) &&
      typeof edition === 'string' &&
      edition !== 'ENTERPRISE_PLUS'
        ? `${config} is multi-region, which needs edition ENTERPRISE_PLUS`
        : undefined,
    ),
    rule(({ autoscaling_config, edition }) =>
      isGiven(autoscaling_config) === true && edition === 'STANDARD'
        ? 'autoscaling_config needs edition ENTERPRISE'
        : undefined,
    ),
  ],
  google_spanner_database: [exactlyOne(['kms_key_name', 'kms_key_names'], 'encryption_config')],
  google_spanner_backup_schedule: [
    exactlyOne(['full_backup_spec', 'incremental_backup_spec']),
    rule(({ incremental_backup_spec, encryption_config }) => {
      const [encryption] = isList(encryption_config) ? encryption_config : [];
      const type = isRecord(encryption) ? encryption['encryption_type'] : undefined;
      return isGiven(incremental_backup_spec) === true &&
        typeof type === 'string' &&
        type !== 'GOOGLE_DEFAULT_ENCRYPTION'
        ? 'an incremental backup takes encryption_type GOOGLE_DEFAULT_ENCRYPTION only; without encryption_config it is encrypted like its database'
        : undefined;
    }),
  ],
  google_firestore_backup_schedule: [exactlyOne(['daily_recurrence', 'weekly_recurrence'])],
  google_firestore_index: [exactlyOne(['order', 'array_config', 'vector_config'], 'fields')],
  google_firestore_field: [exactlyOne(['order', 'array_config'], 'index_config.indexes')],
  google_storage_bucket: [
    // https://cloud.google.com/storage/docs/object-versioning: a bucket has one or the other
    rule(({ versioning, retention_policy }) =>
      isGiven(retention_policy) === true &&
      isList(versioning) &&
      versioning.some((block) => isRecord(block) && block['enabled'] === true)
        ? 'versioning and retention_policy exclude each other'
        : undefined,
    ),
    // https://cloud.google.com/storage/docs/availability-durability#turbo-replication
    rule(({ rpo, custom_placement_config, location }) =>
      rpo === 'ASYNC_TURBO' &&
      isGiven(custom_placement_config) === false &&
      typeof location === 'string' &&
      !/^(asia1|eur[0-9]+|nam[0-9]+)$/i.test(location)
        ? 'rpo ASYNC_TURBO needs a dual-region bucket'
        : undefined,
    ),
    rule(({ autoclass, lifecycle_rule }) =>
      isGiven(autoclass) === true &&
      isList(lifecycle_rule) &&
      JSON.stringify(lifecycle_rule).includes('"SetStorageClass"')
        ? 'autoclass and a lifecycle_rule that sets the storage class exclude each other'
        : undefined,
    ),
  ],
  google_storage_bucket_object: [exactlyOne(['source', 'content'])],
  google_kms_crypto_key: [
    // https://cloud.google.com/kms/docs/key-rotation: asymmetric keys are not rotated by Cloud KMS
    rule(({ purpose, rotation_period }) =>
      isGiven(rotation_period) === true && typeof purpose === 'string' && purpose !== 'ENCRYPT_DECRYPT'
        ? `rotation_period is for ENCRYPT_DECRYPT only, not for ${purpose}`
        : undefined,
    ),
    rule(({ purpose, version_template }) => {
      const [template] = isList(version_template) ? version_template : [];
      const algorithm = isRecord(template) ? template['algorithm'] : undefined;
      if (typeof algorithm !== 'string' || purpose === UNKNOWN) return undefined;
      const wanted = /_SIGN_/.test(algorithm)
        ? 'ASYMMETRIC_SIGN'
        : /_DECRYPT_/.test(algorithm)
          ? 'ASYMMETRIC_DECRYPT'
          : undefined;
      return wanted !== undefined && purpose !== wanted ? `${algorithm} needs purpose ${wanted}` : undefined;
    }),
  ],
  google_secret_manager_secret: [
    exactlyOne(['auto', 'user_managed'], 'replication'),
    atMostOne(['ttl', 'expire_time']),
    needs('topics', 'rotation'),
    needs('next_rotation_time', 'rotation_period', 'rotation'),
  ],
  google_secret_manager_secret_version: [
    exactlyOne(['secret_data', 'secret_data_wo']),
    needs('secret_data_wo_version', 'secret_data_wo'),
  ],
  google_monitoring_slo: [
    exactlyOne(['basic_sli', 'request_based_sli', 'windows_based_sli']),
    exactlyOne(['calendar_period', 'rolling_period_days']),
    exactlyOne(['good_total_ratio', 'distribution_cut'], 'request_based_sli'),
    exactlyOne(
      ['good_bad_metric_filter', 'good_total_ratio_threshold', 'metric_mean_in_range', 'metric_sum_in_range'],
      'windows_based_sli',
    ),
    // Two of the three: the third follows from them.
    rule((ratio) => {
      const filters = ['good_service_filter', 'bad_service_filter', 'total_service_filter'];
      const given = filters.filter((name) => isGiven(ratio[name]) !== false);
      return given.length === 2 ? undefined : `exactly two of ${filters.join(', ')} must be given`;
    }, 'request_based_sli.good_total_ratio'),
  ],
  google_monitoring_alert_policy: [
    exactlyOne(
      [
        'condition_absent',
        'condition_matched_log',
        'condition_monitoring_query_language',
        'condition_prometheus_query_language',
        'condition_sql',
        'condition_threshold',
      ],
      'conditions',
    ),
    // The API takes neither without a filter. https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
    ...['condition_threshold', 'condition_absent'].map((condition) =>
      atLeastOne(['filter'], `conditions.${condition}`),
    ),
  ],
  // A metric's labels are filled by extractors of the same names, or not at all.
  google_logging_metric: [
    rule(({ metric_descriptor, label_extractors }) => {
      const [descriptor] = isList(metric_descriptor) ? metric_descriptor : [];
      const labels =
        isRecord(descriptor) && isList(descriptor['labels'] ?? null) ? (descriptor['labels'] as readonly Value[]) : [];
      const keys = labels.map((label) => (isRecord(label) ? label['key'] : UNKNOWN));
      if (label_extractors === UNKNOWN || keys.includes(UNKNOWN)) return undefined;
      const given = isRecord(label_extractors) ? Object.keys(label_extractors) : [];
      const missing = [
        ...keys.filter((key) => !given.includes(String(key))),
        ...given.filter((key) => !keys.includes(key)),
      ];
      return missing.length === 0
        ? undefined
        : `labels of metric_descriptor and label_extractors differ in ${missing.map(String).join(', ')}`;
    }),
  ],
  google_monitoring_uptime_check_config: [
    exactlyOne(['http_check', 'tcp_check', 'synthetic_monitor']),
    exactlyOne(['monitored_resource', 'resource_group', 'synthetic_monitor']),
  ],
  google_billing_budget: [exactlyOne(['specified_amount', 'last_period_amount'], 'amount')],
  google_org_policy_policy: [
    atLeastOne(['spec', 'dry_run_spec']),
    ...['spec', 'dry_run_spec'].map((spec) => atLeastOne(['rules', 'reset'], spec)),
    ...['spec', 'dry_run_spec'].map((spec) => atLeastOne(['allowed_values', 'denied_values'], `${spec}.rules.values`)),
    exactlyOne(['enforce', 'allow_all', 'deny_all', 'values'], 'spec.rules'),
    exactlyOne(['enforce', 'allow_all', 'deny_all', 'values'], 'dry_run_spec.rules'),
  ],
  google_compute_region_network_endpoint_group: [
    atLeastOne(['service', 'url_mask'], 'cloud_run'),
    rule(({ network_endpoint_type, cloud_run, cloud_function, app_engine }) =>
      network_endpoint_type === 'SERVERLESS' &&
      [isGiven(cloud_run), isGiven(cloud_function), isGiven(app_engine)].filter((one) => one !== false).length !== 1
        ? 'SERVERLESS needs exactly one of cloud_run, cloud_function, app_engine'
        : undefined,
    ),
  ],
  google_compute_security_policy: [
    rule(
      ({ action, rate_limit_options }) =>
        (action === 'throttle' || action === 'rate_based_ban') && isGiven(rate_limit_options) === false
          ? `action ${action} needs rate_limit_options`
          : undefined,
      'rule',
    ),
    exactlyOne(['expr', 'versioned_expr'], 'rule.match'),
    needs('config', 'versioned_expr', 'rule.match'),
    rule(({ rule: rules }) => {
      const priorities = (isList(rules) ? rules : []).map((one) => (isRecord(one) ? one['priority'] : undefined));
      const twice = priorities.find(
        (priority, at) => typeof priority === 'number' && priorities.indexOf(priority) !== at,
      );
      return twice === undefined ? undefined : `two rules have priority ${String(twice)}`;
    }),
  ],
  google_compute_ssl_policy: [
    rule(({ profile, custom_features }) =>
      (profile === 'CUSTOM') !== (isGiven(custom_features) === true) &&
      profile !== UNKNOWN &&
      custom_features !== UNKNOWN
        ? 'custom_features go with profile CUSTOM'
        : undefined,
    ),
  ],
  google_compute_url_map: [
    exactlyOne(['default_service', 'default_url_redirect', 'default_route_action']),
    // https://cloud.google.com/compute/docs/reference/rest/v1/urlMaps: each host rule names a path matcher of the map
    rule(({ host_rule, path_matcher }) => {
      if (host_rule === UNKNOWN || path_matcher === UNKNOWN) return undefined;
      const named = textsOf(host_rule, 'path_matcher');
      const there = textsOf(path_matcher, 'name');
      if (named === undefined || there === undefined) return undefined;
      const lost = [...named.filter((name) => !there.includes(name)), ...there.filter((name) => !named.includes(name))];
      return lost.length === 0
        ? undefined
        : `host_rule and path_matcher do not speak of each other: ${lost.join(', ')}`;
    }),
    atLeastOne(['default_service', 'default_url_redirect', 'default_route_action'], 'path_matcher'),
    atLeastOne(['service', 'url_redirect', 'route_action'], 'path_matcher.path_rule'),
  ],
  google_compute_target_https_proxy: [
    exactlyOne(['ssl_certificates', 'certificate_map', 'certificate_manager_certificates']),
  ],
  google_iam_workload_identity_pool_provider: [exactlyOne(['aws', 'oidc', 'saml', 'x509'])],
};
