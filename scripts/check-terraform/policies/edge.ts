import { isGiven } from '../choices.ts';
import { valueAt } from '../resources.ts';
import { isList, type Values } from '../wire-values.ts';
import { absent, anAccount, anAddress, type Demand, given, is, isNot, matches } from './demand.ts';

const hasRedirect = (values: Values): boolean | undefined => isGiven(values['default_url_redirect']);

const SIZES: readonly string[] = [
  'timeout_seconds',
  'min_instance_count',
  'max_instance_count',
  'max_instance_request_concurrency',
  'available_cpu',
  'available_memory',
];

/** Functions, and the way to them from outside. */
export const EDGE: readonly Demand[] = [
  {
    type: 'google_cloudfunctions2_function',
    path: 'service_config.ingress_settings',
    must: is('ALLOW_INTERNAL_ONLY', 'ALLOW_INTERNAL_AND_GCLB'),
    because: 'nothing is reached past the load balancer',
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'service_config.service_account_email',
    must: {
      says: "must be an account of its own, not the project's default one",
      holds: (value) => anAccount.holds(value) && !/@(developer|appspot)\.gserviceaccount\.com$/.test(String(value)),
    },
    because: 'the default account may do far too much',
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'build_config.service_account',
    must: matches(/^projects\/[^/]+\/serviceAccounts\/[^/@]+@[^/]+$/, 'projects/P/serviceAccounts/E'),
    because: 'building and running are two identities',
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'build_config.runtime',
    must: is('nodejs24', 'nodejs22'),
    because: 'older releases of Node get no security patches',
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'build_config.on_deploy_update_policy',
    must: absent,
    because: "the base image's security patches do not wait for a deployment",
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'service_config.all_traffic_on_latest_revision',
    must: isNot(false),
    because: 'a new version replaces the old one',
  },
  ...SIZES.map((name) => ({
    type: 'google_cloudfunctions2_function',
    path: `service_config.${name}`,
    must: given,
    because: 'size and time are decided, not inherited',
  })),
  {
    type: 'google_cloudfunctions2_function',
    path: 'build_config.source.storage_source.object',
    must: given,
    because: 'what runs is a package of ours',
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'build_config.docker_repository',
    must: given,
    because: "images lie in a repository of ours, in the tenant's region",
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'event_trigger',
    must: absent,
    because: 'the subscription behind a trigger is not ours: it has no dead letters',
  },
  {
    type: 'google_cloudfunctions2_function',
    path: 'service_config.secret_environment_variables.version',
    must: matches(/^[1-9][0-9]*$/, 'a pinned version'),
    because: 'latest changes what runs without a deployment',
    when: (values) => isGiven(valueAt(values, 'service_config.secret_environment_variables')),
  },
  {
    type: 'google_cloud_run_v2_service',
    path: 'ingress',
    must: is('INGRESS_TRAFFIC_INTERNAL_ONLY', 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER'),
    because: 'nothing is reached past the load balancer',
  },
  {
    type: 'google_cloud_run_v2_service',
    path: 'deletion_protection',
    must: isNot(false),
    because: 'Terraform does not delete a service that answers',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'http_target.oidc_token.service_account_email',
    must: anAccount,
    because: 'every call of the scheduler proves who it is',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'http_target.oidc_token.audience',
    must: given,
    because: 'a token is for one function and no other',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'http_target.uri',
    must: anAddress,
    because: 'calls are encrypted on their way',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'schedule',
    must: given,
    because: 'a job without a schedule never runs',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'attempt_deadline',
    must: given,
    because: 'how long a job may take is decided, not inherited',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'retry_config',
    must: given,
    because: 'whether a job is tried again is decided, not inherited',
  },
  {
    type: 'google_cloud_scheduler_job',
    path: 'time_zone',
    must: is('Etc/UTC', 'UTC'),
    because: 'periods close by UTC',
  },
  {
    type: 'google_compute_backend_service',
    path: 'security_policy',
    must: given,
    because: 'Cloud Armor stands before every backend',
  },
  {
    type: 'google_compute_backend_service',
    path: 'backend',
    must: given,
    because: 'without one every request is refused',
  },
  {
    type: 'google_compute_backend_service',
    path: 'protocol',
    must: is('HTTPS', 'HTTP2'),
    because: 'requests are encrypted behind the load balancer too',
  },
  {
    type: 'google_compute_backend_service',
    path: 'load_balancing_scheme',
    must: is('EXTERNAL_MANAGED'),
    because: 'the classic load balancer knows neither outlier detection nor all rules of Cloud Armor',
  },
  {
    type: 'google_compute_backend_service',
    path: 'log_config.enable',
    must: is(true),
    because: 'requests at the edge are logged',
  },
  {
    type: 'google_compute_backend_service',
    path: 'log_config.sample_rate',
    must: { says: 'must be 1 or not given', holds: (value) => value === null || value === 1 },
    because: 'every request at the edge is logged',
  },
  {
    type: 'google_compute_backend_service',
    path: 'enable_cdn',
    must: isNot(true),
    because: "a cache would keep one tenant's answers",
  },
  {
    type: 'google_compute_security_policy',
    path: 'adaptive_protection_config.layer_7_ddos_defense_config.enable',
    must: is(true),
    because: 'floods are noticed by themselves',
  },
  {
    type: 'google_compute_security_policy',
    path: 'advanced_options_config.json_parsing',
    must: is('STANDARD', 'STANDARD_WITH_GRAPHQL'),
    because: 'attacks inside JSON bodies are seen only where bodies are read',
  },
  {
    type: 'google_compute_security_policy',
    path: 'rule.preview',
    must: isNot(true),
    because: 'a rule in preview stops nothing',
  },
  {
    type: 'google_compute_security_policy',
    path: 'rule.match.expr.expression',
    must: {
      says: 'must not have sensitivity 0',
      holds: (value) => typeof value !== 'string' || !/'sensitivity'\s*:\s*0/.test(value),
    },
    because: 'at sensitivity 0 a preconfigured rule is off',
  },
  {
    type: 'google_compute_ssl_policy',
    path: 'min_tls_version',
    must: is('TLS_1_2', 'TLS_1_3'),
    because: 'older versions of TLS are broken',
  },
  {
    type: 'google_compute_ssl_policy',
    path: 'profile',
    must: is('MODERN', 'RESTRICTED'),
    because: 'weak ciphers are not offered',
  },
  {
    type: 'google_compute_target_https_proxy',
    path: 'ssl_policy',
    must: given,
    because: 'without one, TLS 1.0 is offered',
  },
  {
    type: 'google_compute_target_https_proxy',
    path: 'tls_early_data',
    must: isNot('PERMISSIVE', 'UNRESTRICTED'),
    because: 'early data can be replayed',
  },
  {
    type: 'google_compute_managed_ssl_certificate',
    path: 'managed.domains',
    must: given,
    because: 'a certificate is for a host',
  },
  {
    type: 'google_compute_global_forwarding_rule',
    path: 'load_balancing_scheme',
    must: is('EXTERNAL_MANAGED'),
    because: 'it goes with the backend services',
  },
  {
    type: 'google_compute_global_forwarding_rule',
    path: 'port_range',
    must: given,
    because: 'a rule is for one port',
  },
  {
    type: 'google_compute_global_forwarding_rule',
    path: 'ip_address',
    must: given,
    because: 'the host name points at an address that stays',
  },
  {
    type: 'google_compute_url_map',
    path: 'default_url_redirect.https_redirect',
    must: is(true),
    because: 'plain HTTP only ever leads to HTTPS',
    when: hasRedirect,
  },
  {
    type: 'google_compute_network',
    path: 'auto_create_subnetworks',
    must: is(false),
    because: 'networks have the subnetworks that are written down',
  },
  {
    type: 'google_compute_subnetwork',
    path: 'private_ip_google_access',
    must: is(true),
    because: "Google's APIs are reached without the internet",
  },
  {
    type: 'google_compute_subnetwork',
    path: 'log_config',
    must: given,
    because: 'flows are logged',
    when: ({ purpose }: Values) => typeof purpose !== 'string' || purpose === 'PRIVATE',
  },
  {
    type: 'google_compute_firewall',
    path: 'source_ranges',
    must: {
      says: 'must not be the whole internet',
      holds: (value) => !(isList(value) && value.some((range) => range === '0.0.0.0/0' || range === '::/0')),
    },
    because: 'the load balancer is the only way in',
    when: ({ allow, direction }: Values) => isGiven(allow) === true && direction !== 'EGRESS',
  },
];
