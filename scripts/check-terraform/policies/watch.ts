import { isGiven } from '../choices.ts';
import { isList, isRecord, UNKNOWN, type Values } from '../wire-values.ts';
import { RETENTION_DAYS } from './data.ts';
import { absent, atLeast, type Demand, given, is, isNot, matches } from './demand.ts';

// Cloud Logging makes these two itself; what is kept for long lies in others.
export const isOwnLogBucket = ({ bucket_id }: Values): boolean | undefined =>
  bucket_id === UNKNOWN ? undefined : bucket_id !== '_Default' && bucket_id !== '_Required';

/** The trail, the alarms, and the fences around the project. */
export const WATCH: readonly Demand[] = [
  {
    type: 'google_logging_project_bucket_config',
    path: 'retention_days',
    must: atLeast(RETENTION_DAYS),
    because: 'the trail is kept for seven years',
    when: isOwnLogBucket,
  },
  {
    type: 'google_logging_project_bucket_config',
    path: 'location',
    must: isNot('global'),
    because: 'the trail names tenants, and stays in their region',
    when: isOwnLogBucket,
  },
  {
    type: 'google_logging_project_exclusion',
    path: 'filter',
    must: matches(
      /^log_id\("cloudaudit\.googleapis\.com\/data_access"\) AND protoPayload\.serviceName=\((?:"(?:spanner|firestore|datastore)\.googleapis\.com"(?: OR (?!\))|(?=\))))+\)$/,
      'of data access of Spanner and Firestore alone',
    ),
    because: 'alerts do not see what the project itself leaves out',
  },
  {
    type: 'google_logging_project_sink',
    path: 'unique_writer_identity',
    must: is(true),
    because: 'a sink writes as itself',
  },
  {
    type: 'google_logging_project_sink',
    path: 'disabled',
    must: isNot(true),
    because: 'a sink that is off keeps nothing',
  },
  {
    type: 'google_logging_project_sink',
    path: 'exclusions',
    must: absent,
    because: 'what belongs in the trail is in its filter',
  },
  {
    type: 'google_project_iam_audit_config',
    path: 'audit_log_config.exempted_members',
    must: absent,
    because: 'nobody reads unseen',
  },
  {
    type: 'google_project_service',
    path: 'disable_on_destroy',
    must: is(false),
    because: 'taking an API away takes what is behind it away',
  },
  {
    type: 'google_monitoring_alert_policy',
    path: 'enabled',
    must: isNot(false),
    because: 'an alert that is off tells nobody',
  },
  {
    type: 'google_monitoring_alert_policy',
    path: 'notification_channels',
    must: given,
    because: 'an alert tells somebody',
  },
  {
    type: 'google_monitoring_alert_policy',
    path: 'documentation.content',
    must: given,
    because: 'an alert says what to do',
  },
  {
    type: 'google_monitoring_notification_channel',
    path: 'enabled',
    must: isNot(false),
    because: 'a channel that is off tells nobody',
  },
  {
    type: 'google_monitoring_notification_channel',
    path: 'force_delete',
    must: isNot(true),
    because: 'alerts would be left without a channel',
  },
  {
    type: 'google_monitoring_uptime_check_config',
    path: 'http_check.use_ssl',
    must: is(true),
    because: 'the check goes the way that tenants go',
    when: ({ http_check }) => isGiven(http_check),
  },
  {
    type: 'google_monitoring_uptime_check_config',
    path: 'http_check.validate_ssl',
    must: is(true),
    because: 'a certificate that ran out is an outage',
    when: ({ http_check }) => isGiven(http_check),
  },
  {
    type: 'google_billing_budget',
    path: 'threshold_rules',
    must: given,
    because: 'a budget says when it is nearly spent',
  },
  {
    type: 'google_billing_budget',
    path: 'budget_filter.projects',
    must: given,
    because: 'a budget is for one stack',
  },
  {
    type: 'google_billing_budget',
    path: 'all_updates_rule.monitoring_notification_channels',
    must: given,
    because: 'a budget tells somebody',
  },
  {
    type: 'google_billing_budget',
    path: 'all_updates_rule.disable_default_iam_recipients',
    must: isNot(true),
    because: 'whoever pays hears of it',
  },
  {
    type: 'google_iam_workload_identity_pool_provider',
    path: 'attribute_condition',
    must: matches(
      /assertion\.repository(_id)?\s*==\s*\\?"[^"]+\/?[^"]*\\?".*&&.*assertion\.(ref|environment|workflow_ref)\s*==/s,
      'a condition on assertion.repository and on assertion.ref',
    ),
    because: 'every repository of the issuer, or every branch, could deploy',
  },
  {
    type: 'google_iam_workload_identity_pool_provider',
    path: 'attribute_condition',
    must: {
      says: 'must have no alternative (||)',
      holds: (value) => typeof value !== 'string' || !value.includes('||'),
    },
    because: 'what is refused by one half would be let in by the other',
  },
  {
    type: 'google_iam_workload_identity_pool_provider',
    path: 'attribute_mapping',
    must: {
      says: 'must map google.subject and attribute.environment',
      holds: (value) => isRecord(value) && 'google.subject' in value && 'attribute.environment' in value,
    },
    because: 'who may become whom is told by these',
  },
  {
    type: 'google_iam_workload_identity_pool_provider',
    path: 'oidc.issuer_uri',
    must: is('https://token.actions.githubusercontent.com'),
    because: 'whoever issues the tokens decides who deploys',
  },
  ...['spec', 'dry_run_spec'].flatMap(
    (spec) =>
      [
        {
          type: 'google_org_policy_policy',
          path: `${spec}.rules.enforce`,
          must: isNot('FALSE'),
          because: 'a guard rail that is not enforced is none',
        },
        {
          type: 'google_org_policy_policy',
          path: `${spec}.rules.allow_all`,
          must: isNot('TRUE'),
          because: 'a guard rail that allows everything is none',
        },
        {
          type: 'google_org_policy_policy',
          path: `${spec}.rules.values.allowed_values`,
          must: {
            says: 'must not allow the whole internet in',
            holds: (value) => !(isList(value) && value.some((one) => one === 'all' || one === 'ALLOW_ALL')),
          },
          because: 'nothing is reached past the load balancer',
        },
      ] satisfies Demand[],
  ),
];
