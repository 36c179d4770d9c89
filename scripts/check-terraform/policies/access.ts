import type { Facts } from '../facts.ts';
import type { Problem } from '../problems.ts';
import { type Resource, textAt, valuesAt } from '../resources.ts';
import { isList } from '../wire-values.ts';
import { broken } from './finding.ts';
import { isGrant, membersOf } from './grants.ts';
import { lastOf, nameOf, type Stack } from './stack.ts';

const DATABASE = 'our role ledgerWriter on the database';
const METRICS = 'roles/monitoring.metricWriter on the project';
const FIRESTORE = 'roles/datastore.user on the project';
const VAULT_CREATE = 'roles/storage.objectCreator on the vault';
const VAULT_READ = 'roles/storage.objectViewer on the vault';
const RING = (topic: string): string => `roles/pubsub.publisher on topic ${topic}`;
// A signer finds its version among all keys by the thumbprint of the public half, and signs with its own key alone.
const signs = (own: string): string[] => [
  `roles/cloudkms.signer on key ${own}`,
  ...['checkpoint', 'evidence'].flatMap((key) => [
    `roles/cloudkms.viewer on key ${key}`,
    `roles/cloudkms.publicKeyViewer on key ${key}`,
  ]),
];
/** Opens what organizations' data keys seal: usage as it was sent, and who customers are. The key is the one that functions are told of. */
const OPENS = 'roles/cloudkms.cryptoKeyEncrypterDecrypter on the wrapping key';
const ENCRYPTS = (key: string): RegExp => new RegExp(`^roles/cloudkms\\.cryptoKeyEncrypterDecrypter on key ${key}$`);

/**
 * What each function may do, all of it: the permissions of its README. A grant that is not here is refused, one that is
 * here and missing as well. Whoever changes what a function needs changes both lines, and somebody reads them.
 */
const FUNCTIONS: Readonly<Record<string, readonly string[]>> = {
  ingest: [DATABASE, METRICS, OPENS, RING('usage-accepted')],
  'sign-receipts': [DATABASE, METRICS, FIRESTORE, OPENS, RING('receipts-appended')],
  'seal-ledger': [DATABASE, METRICS, VAULT_CREATE, VAULT_READ, RING('ledger-sealed'), ...signs('checkpoint')],
  'reconcile-chain': [
    DATABASE,
    METRICS,
    OPENS,
    FIRESTORE,
    VAULT_CREATE,
    VAULT_READ,
    RING('usage-accepted'),
    RING('receipts-appended'),
    RING('period-invoiced'),
    ...signs('evidence'),
  ],
  'run-invoices': [
    DATABASE,
    METRICS,
    OPENS,
    FIRESTORE,
    RING('receipts-appended'),
    RING('period-invoiced'),
    RING('period-due'),
  ],
  'archive-period': [DATABASE, METRICS, FIRESTORE, VAULT_CREATE, VAULT_READ, ...signs('evidence')],
  // Signs list cursors with a secret and download links as itself.
  api: [
    DATABASE,
    METRICS,
    OPENS,
    FIRESTORE,
    VAULT_READ,
    RING('receipts-appended'),
    RING('period-invoiced'),
    'roles/secretmanager.secretAccessor on secret cursor-key',
    'roles/iam.serviceAccountTokenCreator on account api',
  ],
};

/**
 * Roles of ours, and all that each permits. Google's role for reading and writing rows (roles/spanner.databaseUser) also
 * permits spanner.databases.updateDdl: whoever took over a function could drop tables.
 */
const ROLES: Readonly<Record<string, readonly string[]>> = {
  ledgerWriter: [
    'spanner.databases.beginOrRollbackReadWriteTransaction',
    'spanner.databases.beginReadOnlyTransaction',
    'spanner.databases.read',
    'spanner.databases.select',
    'spanner.databases.write',
    'spanner.sessions.create',
    'spanner.sessions.delete',
    'spanner.sessions.get',
  ],
};

/** What everybody else may do, by the account's id: patterns of sentences. Who is not here gets nothing. */
const OTHERS: Readonly<Record<string, readonly RegExp[]>> = {
  'pubsub-push': [/^roles\/run\.invoker on service (sign-receipts|seal-ledger|archive-period|run-invoices)$/],
  'scheduler-jobs': [/^roles\/run\.invoker on service (reconcile-chain|run-invoices|seal-ledger)$/],
  builder: [
    /^roles\/storage\.objectViewer on bucket packages$/,
    /^roles\/artifactregistry\.writer on repository functions$/,
    /^roles\/logging\.logWriter on the project$/,
  ],
  // Makes tables, for npm run migrate.
  migrator: [/^roles\/spanner\.databaseUser on the database$/],
  // Brings new versions of what runs. Nothing here touches data, keys or grants; for tables it becomes the migrator.
  deployer: [
    /^roles\/storage\.object(Creator|Viewer) on bucket packages$/,
    /^roles\/iam\.serviceAccountUser on account (?!migrator$)[a-z-]+$/,
    /^roles\/iam\.serviceAccountTokenCreator on account migrator$/,
    /^roles\/(cloudfunctions\.developer|cloudscheduler\.admin|compute\.loadBalancerAdmin|compute\.securityAdmin) on the project$/,
    /^roles\/(logging\.configWriter|monitoring\.admin|pubsub\.admin|run\.admin|serviceusage\.serviceUsageConsumer) on the project$/,
  ],
  // Changes what must not be lost and who may do what. It signs nothing; a person approves each of its runs.
  steward: [
    /^roles\/(artifactregistry|cloudkms|firebaserules|pubsub|secretmanager|spanner|storage)\.admin on the project$/,
    /^roles\/(datastore\.owner|iam\.roleAdmin|iam\.serviceAccountAdmin|iam\.workloadIdentityPoolAdmin|logging\.configWriter) on the project$/,
    /^roles\/(resourcemanager\.projectIamAdmin|serviceusage\.serviceUsageAdmin) on the project$/,
  ],
};

/** Google's own service agents, by the service that they are of. */
const AGENTS: Readonly<Record<string, readonly RegExp[]>> = {
  'gcp-sa-pubsub': [
    ENCRYPTS('topics'),
    /^roles\/pubsub\.publisher on topic [a-z-]+-dead-letter$/,
    /^roles\/pubsub\.subscriber on subscription [a-z-]+$/,
    /^roles\/iam\.serviceAccountTokenCreator on account pubsub-push$/,
  ],
  'gcp-sa-spanner': [ENCRYPTS('spanner')],
  'gcp-sa-firestore': [ENCRYPTS('firestore')],
  'gcp-sa-secretmanager': [ENCRYPTS('secrets')],
  'gs-project-accounts': [ENCRYPTS('vault'), ENCRYPTS('audit')],
};

/** Everybody has what their work needs and nothing else. */
export function* accessPolicies(stack: Stack, facts: Facts): Generator<Problem> {
  const grants = stack.resources.filter(({ type }) => isGrant(type));
  if (grants.length === 0) return;
  const accounts = new Map(
    stack.functions.map((deployed) => [
      textAt(deployed.values, 'service_config.service_account_email'),
      nameOf(deployed),
    ]),
  );
  const found = new Map<string, Set<string>>(facts.functions.map((name) => [name, new Set<string>()]));
  for (const grant of grants)
    for (const member of membersOf(grant)) {
      const name = accounts.get(member.replace(/^serviceAccount:/, ''));
      const sentence = `${roleOf(grant)} on ${objectOf(stack, grant, accounts)}`;
      if (name === undefined) yield* othersFaults(stack, grant, member, sentence);
      else {
        found.get(name)?.add(sentence);
        if (FUNCTIONS[name]?.includes(sentence) !== true)
          yield broken(grant, `function ${name} gets ${sentence}, which its work does not need: ${REVIEWED}`, 'role');
      }
    }
  for (const [name, sentences] of found)
    for (const wanted of FUNCTIONS[name] ?? [])
      if (!sentences.has(wanted))
        yield broken(
          nearest(stack, grants, wanted, accounts),
          `function ${name} lacks ${wanted}, which its work needs: ${REVIEWED}`,
        );
  yield* roleFaults(stack);
  for (const deployed of stack.functions) yield* secretFaults(deployed, found.get(nameOf(deployed)));
}

/** A role of ours permits what was reviewed, and no more: it is only as narrow as its list. */
function* roleFaults(stack: Stack): Generator<Problem> {
  for (const role of stack.of('google_project_iam_custom_role')) {
    const id = textAt(role.values, 'role_id') ?? '?';
    const given = role.values['permissions'] ?? null;
    if (!isList(given)) continue;
    const reviewed = ROLES[id] ?? [];
    for (const permission of given.filter((one) => typeof one === 'string' && !reviewed.includes(one)))
      yield broken(
        role,
        `role ${id} permits ${String(permission)}, which nobody has reviewed: ${REVIEWED}`,
        'permissions',
      );
    for (const permission of reviewed.filter((one) => !given.includes(one)))
      yield broken(role, `role ${id} lacks ${permission}, which its holders' work needs: ${REVIEWED}`, 'permissions');
  }
}

const SECRETS = 'service_config.secret_environment_variables';

/** A secret is given to somebody who may read it: without that an instance does not start. */
function* secretFaults(deployed: Resource, may: ReadonlySet<string> | undefined): Generator<Problem> {
  const name = nameOf(deployed);
  for (const { value: secret, occurrence } of valuesAt(deployed.values, `${SECRETS}.secret`))
    if (
      typeof secret === 'string' &&
      may?.has(`roles/secretmanager.secretAccessor on secret ${lastOf(secret)}`) !== true
    )
      yield broken(
        deployed,
        `function ${name} is given secret ${lastOf(secret)}, which it may not read: it would not start`,
        `${SECRETS}.secret`,
        occurrence,
      );
}

const REVIEWED = 'reviewed grants are in scripts/check-terraform/policies/access.ts';

/** A grant on the same thing, or the same kind of thing, to show where a missing one would be. */
function nearest(
  stack: Stack,
  grants: readonly Resource[],
  wanted: string,
  accounts: ReadonlyMap<string | undefined, string>,
): Resource {
  const thing = wanted.split(' on ')[1]!;
  const things = grants.map((grant) => ({ grant, on: objectOf(stack, grant, accounts) }));
  const same =
    things.find(({ on }) => on === thing) ?? things.find(({ on }) => on.split(' ')[0] === thing.split(' ')[0]);
  return same?.grant ?? grants[0]!;
}

function* othersFaults(stack: Stack, grant: Resource, member: string, sentence: string): Generator<Problem> {
  // What the whole internet may do is settled in grants.ts.
  if (/^all(Authenticated)?Users$/.test(member)) return;
  const agent = /^serviceAccount:service-[0-9]+@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(member)?.[1];
  const account = /^serviceAccount:([a-z0-9-]+)@/.exec(member)?.[1] ?? '';
  if (agent !== undefined && AGENTS[agent]?.some((pattern) => pattern.test(sentence)) === true) return;
  if (agent === undefined && OTHERS[account]?.some((pattern) => pattern.test(sentence)) === true) return;
  if (isOwnSink(stack, grant, member, sentence) || isOwnPipeline(stack, member, sentence)) return;
  if (isAuditor(member, sentence)) return;
  yield broken(grant, `${spoken(member)} gets ${sentence}, which nobody has reviewed: ${REVIEWED}`, 'role');
}

/** A principal without what differs from stack to stack: `deployer`, `agent gcp-sa-pubsub`. */
const spoken = (member: string): string =>
  member
    .replace(/^serviceAccount:service-[0-9]+@([a-z0-9-]+)\..*$/, "Google's agent $1")
    .replace(/^serviceAccount:([a-z0-9-]+)@[a-z0-9-]+\.iam\.gserviceaccount\.com$/, '$1')
    .replace(/^principalSet:\/\/.*?\/attribute/, 'whoever has attribute');

/** A sink may write to the one bucket that its condition names, or add files to the one that it leads to. */
const isOwnSink = (stack: Stack, grant: Resource, member: string, sentence: string): boolean =>
  stack
    .of('google_logging_project_sink')
    .filter(({ values }) => values['writer_identity'] === member)
    .some(({ values }) =>
      sentence === 'roles/logging.bucketWriter on the project'
        ? /\/buckets\/[\w-]+"/.test(textAt(grant.values, 'condition.expression') ?? '')
        : sentence === 'roles/storage.objectCreator on bucket audit' &&
          textAt(values, 'destination') === `storage.googleapis.com/${textAt(grant.values, 'bucket')}`,
    );

/** Those who read the files of the trail, and nothing else. */
const isAuditor = (member: string, sentence: string): boolean =>
  /^group:[^@]+@[^@]+$/.test(member) && sentence === 'roles/storage.objectViewer on bucket audit';

/** Continuous integration becomes the account that its protected environment is named after, and no other. */
function isOwnPipeline(stack: Stack, member: string, sentence: string): boolean {
  const pipeline = new RegExp(
    `^principalSet://.*/attribute\\.environment/${stack.environment}-(deployer|steward)$`,
  ).exec(member)?.[1];
  return pipeline !== undefined && sentence === `roles/iam.workloadIdentityUser on account ${pipeline}`;
}

/** A role of ours without the project that it is of. */
const roleOf = (grant: Resource): string | undefined =>
  textAt(grant.values, 'role')?.replace(/^projects\/[^/]+\/roles\//, 'our role ');

/** What a grant is on, in words that are the same in every stack. */
function objectOf(stack: Stack, grant: Resource, accounts: ReadonlyMap<string | undefined, string>): string {
  const at = (argument: string) => lastOf(textAt(grant.values, argument)) ?? '?';
  switch (grant.type.replace(/_iam_(member|binding)$/, '')) {
    case 'google_spanner_database':
      return 'the database';
    case 'google_project':
      return 'the project';
    case 'google_storage_bucket':
      return at('bucket') === stack.setting('VAULT_BUCKET') ? 'the vault' : `bucket ${at('bucket').split('-').at(-1)}`;
    case 'google_pubsub_topic':
      return `topic ${withoutPrefix(at('topic'), stack.setting('TOPIC_PREFIX') ?? '')}`;
    case 'google_pubsub_subscription':
      return `subscription ${withoutPrefix(at('subscription'), stack.setting('TOPIC_PREFIX') ?? '')}`;
    case 'google_kms_crypto_key':
      return (textAt(grant.values, 'crypto_key_id') ?? '?') === stack.setting('WRAPPING_KEY')
        ? 'the wrapping key'
        : `key ${at('crypto_key_id')}`;
    case 'google_secret_manager_secret':
      return `secret ${at('secret_id')}`;
    case 'google_service_account':
      return `account ${accounts.get(at('service_account_id')) ?? at('service_account_id').split('@')[0]}`;
    case 'google_cloud_run_v2_service':
      return `service ${at('name')}`;
    case 'google_artifact_registry_repository':
      return `repository ${at('repository')}`;
    default:
      return grant.type;
  }
}

const withoutPrefix = (name: string, prefix: string): string =>
  name.startsWith(prefix) ? name.slice(prefix.length) : name;
