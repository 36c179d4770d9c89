import type { Problem } from '../problems.ts';
import { type Resource, textAt, valueAt, valuesAt } from '../resources.ts';
import { isList, isRecord, type Value, type Values } from '../wire-values.ts';
import { broken } from './finding.ts';
import { isGrant, membersOf } from './grants.ts';
import { nameOf, type Stack } from './stack.ts';

/** Where a lock is for good: elsewhere it would make trying things out impossible. */
const LOCKED_ENVIRONMENT = 'production';

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
  yield* armor(stack);
  yield* plainHttp(stack);
  yield* trail(stack);
  yield* sinks(stack);
  yield* guardRails(stack);
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

function* backups(stack: Stack): Generator<Problem> {
  const schedules = stack.of('google_spanner_backup_schedule');
  for (const database of stack.of('google_spanner_database'))
    if (
      !schedules.some(
        ({ values }) => values['database'] === database.values['name'] && isGivenBlock(values['full_backup_spec']),
      )
    )
      yield broken(database, `google_spanner_database ${nameOf(database)} has no schedule of full backups`);
}

const isGivenBlock = (value: Value | undefined): boolean => isList(value) && value.length > 0;

// Preconfigured rules: https://cloud.google.com/armor/docs/waf-rules
const ATTACKS = 'sqli xss lfi rfi rce protocolattack scannerdetection sessionfixation nodejs cve'.split(' ');
const LAST = 2_147_483_647;
const isThrottle = (rule: Values): boolean => /^(throttle|rate_based_ban)$/.test(textAt(rule, 'action') ?? '');

/** Refuses attacks, gives each caller a share, and is what every backend has before it. */
function* armor(stack: Stack): Generator<Problem> {
  const policies = stack.of('google_compute_security_policy');
  for (const policy of policies) {
    const rules = (isList(policy.values['rule'] ?? null) ? (policy.values['rule'] as readonly Value[]) : []).filter(
      isRecord,
    );
    const expressionOf = (rule: Values) => textAt(rule, 'match.expr.expression') ?? '';
    const refusing = rules.filter((rule) => /^deny/.test(textAt(rule, 'action') ?? '') && rule['preview'] !== true);
    for (const attack of ATTACKS)
      if (!refusing.some((rule) => new RegExp(`'${attack}-`).test(expressionOf(rule))))
        yield broken(policy, `google_compute_security_policy: no rule refuses ${attack}`, 'rule');
    const keys = rules.filter(isThrottle).map((rule) => textAt(rule, 'rate_limit_options.enforce_on_key'));
    for (const [key, whom] of [
      ['HTTP_HEADER', 'each credential'],
      ['IP', 'each address'],
    ] as const)
      if (!keys.includes(key))
        yield broken(
          policy,
          `google_compute_security_policy: no rule gives ${whom} a share (throttle with enforce_on_key ${key})`,
          'rule',
        );
    if (!rules.some((rule) => valueAt(rule, 'priority') === LAST))
      yield broken(
        policy,
        'google_compute_security_policy: the last rule is missing: Google adds one that allows everybody',
        'rule',
      );
    for (const [at, rule] of rules.entries()) {
      const key = valueAt(rule, 'rate_limit_options.enforce_on_key');
      if (isThrottle(rule) && (key === null || key === 'ALL'))
        yield broken(
          policy,
          `google_compute_security_policy: rule ${String(rule['priority'])} counts all callers as one (enforce_on_key)`,
          'rule',
          at,
        );
      if (valueAt(rule, 'priority') === LAST && !/^deny/.test(textAt(rule, 'action') ?? 'deny'))
        yield broken(
          policy,
          'google_compute_security_policy: the last rule must refuse what no rule before it lets in',
          'rule',
          at,
        );
      if (
        textAt(rule, 'action') === 'allow' &&
        valuesAt(rule, 'match.config.src_ip_ranges').some(({ value }) => isList(value) && value.includes('*')) &&
        valueAt(rule, 'priority') !== LAST
      )
        yield broken(
          policy,
          `google_compute_security_policy: rule ${String(rule['priority'])} allows everybody before the rules after it are asked`,
          'rule',
          at,
        );
    }
  }
  const known = new Set(
    policies.flatMap(({ values }) => [textAt(values, 'id'), textAt(values, 'self_link'), textAt(values, 'name')]),
  );
  for (const backend of stack.of('google_compute_backend_service')) {
    const policy = textAt(backend.values, 'security_policy');
    if (policy !== undefined && !known.has(policy))
      yield broken(
        backend,
        `google_compute_backend_service ${nameOf(backend)}: security_policy ${policy} is not one of ours`,
        'security_policy',
      );
  }
}

/** Plain HTTP leads to HTTPS and nowhere else. */
function* plainHttp(stack: Stack): Generator<Problem> {
  const redirecting = new Set(
    stack
      .of('google_compute_url_map')
      .filter(({ values }) => valueAt(values, 'default_url_redirect.https_redirect') === true)
      .flatMap(({ values }) => [textAt(values, 'id'), textAt(values, 'self_link')]),
  );
  for (const proxy of stack.of('google_compute_target_http_proxy'))
    if (!redirecting.has(textAt(proxy.values, 'url_map')))
      yield broken(
        proxy,
        `google_compute_target_http_proxy ${nameOf(proxy)} serves more than a redirect to HTTPS`,
        'url_map',
      );
  const plain = new Set(
    stack
      .of('google_compute_target_http_proxy')
      .flatMap(({ values }) => [textAt(values, 'id'), textAt(values, 'self_link')]),
  );
  for (const rule of stack.of('google_compute_global_forwarding_rule'))
    if (plain.has(textAt(rule.values, 'target')) !== (textAt(rule.values, 'port_range') === '80'))
      yield broken(
        rule,
        `google_compute_global_forwarding_rule ${nameOf(rule)}: port 80 belongs to the redirect, 443 to HTTPS`,
        'port_range',
      );
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
];
