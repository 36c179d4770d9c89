import assert from 'node:assert/strict';
import { cron, regionIfItLooksLikeOne, secondsOf, spannerSeconds } from '../../scripts/check-terraform/forms.ts';
import { readSchema } from '../../scripts/check-terraform/schema.ts';
import { complaintsAbout } from '../../scripts/check-terraform/value-rules.ts';
import { UNKNOWN, type Values } from '../../scripts/check-terraform/wire-values.ts';

const { resource } = readSchema();
const said = (type: string, values: Values): string[] =>
  complaintsAbout(type, resource.get(type)!, values).map(({ path, detail }) => `${path.join('.')} | ${detail}`);

describe('values that Google would refuse', () => {
  const target = { uri: 'https://a.example' };
  for (const { says, type, values, want } of [
    {
      says: 'a list has other values',
      type: 'google_pubsub_topic',
      values: { name: 'usage', schema_settings: [{ schema: 's', encoding: 'XML' }] },
      want: [
        'schema_settings.0.encoding | google_pubsub_topic: schema_settings.encoding must be one of ENCODING_UNSPECIFIED, JSON, BINARY, and is "XML".',
      ],
    },
    {
      says: 'a number is outside its range',
      type: 'google_pubsub_subscription',
      values: { name: 'sub', topic: 't', ack_deadline_seconds: 601 },
      want: [
        'ack_deadline_seconds | google_pubsub_subscription: ack_deadline_seconds must be from 10 to 600, and is 601.',
      ],
    },
    {
      says: 'a number that came as text is a number: 0.8 of a budget is at least 0',
      type: 'google_billing_budget',
      values: {
        billing_account: '012345-6789AB-CDEF01',
        amount: [{ specified_amount: [{ units: '5' }], last_period_amount: null }],
        threshold_rules: [{ threshold_percent: '0.8' }],
      },
      want: [],
    },
    {
      says: 'the second of two blocks is the one with the fault',
      type: 'google_billing_budget',
      values: {
        billing_account: '012345-6789AB-CDEF01',
        amount: [{ specified_amount: [{ units: '5' }], last_period_amount: null }],
        threshold_rules: [{ threshold_percent: 1 }, { threshold_percent: -1 }],
      },
      want: [
        'threshold_rules.1.threshold_percent | google_billing_budget: threshold_rules.threshold_percent must be at least 0, and is -1.',
      ],
    },
    {
      says: 'only the cloud sets it',
      type: 'google_service_account',
      values: { account_id: 'billing', email: 'billing@p.iam.gserviceaccount.com' },
      want: ['email | google_service_account: email is set by the cloud and cannot be configured.'],
    },
    {
      says: 'one of three has to be there',
      type: 'google_cloud_scheduler_job',
      values: { name: 'j', http_target: [], pubsub_target: [], app_engine_http_target: [] },
      want: [
        ' | google_cloud_scheduler_job: exactly one of http_target, pubsub_target, app_engine_http_target must be given.',
      ],
    },
    {
      says: 'two of three exclude each other',
      type: 'google_cloud_scheduler_job',
      values: { name: 'j', http_target: [target], pubsub_target: [{ topic_name: 't' }] },
      want: [
        ' | google_cloud_scheduler_job: http_target and pubsub_target exclude each other: exactly one of http_target, pubsub_target, app_engine_http_target.',
      ],
    },
    {
      says: 'one of them may be there: it is not known yet',
      type: 'google_cloud_scheduler_job',
      values: { name: 'j', http_target: UNKNOWN },
      want: [],
    },
    {
      says: 'an argument needs another',
      type: 'google_cloudfunctions2_function',
      values: { name: 'f', service_config: [{ vpc_connector_egress_settings: 'ALL_TRAFFIC' }] },
      want: ['service_config.0 | google_cloudfunctions2_function: vpc_connector_egress_settings needs vpc_connector.'],
    },
    {
      says: 'the floor is above the ceiling',
      type: 'google_cloudfunctions2_function',
      values: { name: 'f', service_config: [{ min_instance_count: 5, max_instance_count: 4 }] },
      want: [
        'service_config.0 | google_cloudfunctions2_function: min_instance_count must not be above max_instance_count.',
      ],
    },
    {
      says: 'a multi-region of Spanner in the cheaper edition',
      type: 'google_spanner_instance',
      values: { name: 'ledger', config: 'nam6', edition: 'ENTERPRISE', num_nodes: 1 },
      want: [' | google_spanner_instance: nam6 is multi-region, which needs edition ENTERPRISE_PLUS.'],
    },
    {
      says: 'seven years and versioning at once',
      type: 'google_storage_bucket',
      values: {
        name: 'vault',
        location: 'EU',
        retention_policy: [{ retention_period: 1 }],
        versioning: [{ enabled: true }],
      },
      want: [' | google_storage_bucket: versioning and retention_policy exclude each other.'],
    },
    {
      says: 'a role is no e-mail address, a member is no name',
      type: 'google_storage_bucket_iam_member',
      values: { bucket: 'vault', role: 'objectViewer', member: 'api' },
      want: [
        'member | google_storage_bucket_iam_member: member must be a principal such as "serviceAccount:name@project.iam.gserviceaccount.com", and is "api".',
        'role | google_storage_bucket_iam_member: role must be a role such as "roles/run.invoker", and is "objectViewer".',
      ],
    },
    {
      says: 'what is not known is not held against anybody',
      type: 'google_pubsub_subscription',
      values: { name: UNKNOWN, topic: UNKNOWN, ack_deadline_seconds: UNKNOWN, dead_letter_policy: UNKNOWN },
      want: [],
    },
  ] satisfies readonly { says: string; type: string; values: Values; want: string[] }[])
    it(says, () => assert.deepEqual(said(type, values), want));
});

describe('forms of values', () => {
  it('a duration is decimal seconds and an s', () => {
    assert.equal(secondsOf('600s'), 600);
    assert.equal(secondsOf('3.5s'), 3.5);
    for (const text of ['600', '10m', '-1s', '1e3s', '1.0123456789s', ' 1s', ''])
      assert.equal(secondsOf(text), undefined, text);
  });

  it("Spanner's periods have a unit: a week is 7d, 168h, 10080m and 604800s", () => {
    for (const text of ['7d', '168h', '10080m', '604800s']) assert.equal(spannerSeconds(text), 604_800, text);
    assert.equal(spannerSeconds('1w'), undefined);
  });

  it('a schedule has five fields, each within its bounds', () => {
    for (const text of ['* * * * *', '7 * * * *', '0 */4 * * *', '37 3 * * 0', '0 2,14 1-7 jan mon', '0 2/12 * * *'])
      assert.equal(cron(text), undefined, text);
    for (const text of [
      '* * * *',
      '60 * * * *',
      '0 24 * * *',
      '0 0 0 * *',
      '0 0 * 13 *',
      '*/0 * * * *',
      '0 0 * * 8',
      'every 5 minutes',
    ])
      assert.ok(cron(text) !== undefined, text);
  });

  it('what looks like a region is one; groups of regions are left alone', () => {
    for (const text of [
      'europe-west1',
      'regional-us-central1',
      'US-EAST1',
      'eur3',
      'nam-eur-asia1',
      'EU',
      'global',
      'us',
    ])
      assert.equal(regionIfItLooksLikeOne(text), undefined, text);
    for (const text of ['europe-west11', 'us-central9', 'regional-mars-north1'])
      assert.ok(regionIfItLooksLikeOne(text) !== undefined, text);
  });
});
