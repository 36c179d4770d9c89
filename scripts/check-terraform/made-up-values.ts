import { createHash } from 'node:crypto';
import type { BlockSchema, CtyType } from './schema.ts';
import { isList, isRecord, UNKNOWN, type Value, type Values } from './wire-values.ts';

/**
 * What a plan would only know after an apply, made up so that rules can follow it: a service account's address is built
 * as Google builds it, an id ends with the resource's name, two resources never get the same text.
 *
 * @param proposed the state that Terraform proposes; what the cloud decides is unknown or null there
 * @param config what is written down; what is unknown there stays unknown
 */
export function madeUp(type: string, block: BlockSchema, proposed: Values, config: Values): Values {
  const project = textOf(config['project']) ?? STAND_IN_PROJECT;
  const identity = identityOf(type, config);
  const known: Context = { type, project, identity, special: SPECIAL[type]?.({ project, identity, config }) ?? {} };
  return blockValue(block, proposed, config, known, '');
}

/** Project of whatever names none: its provider block does, which a single resource does not see. */
export const STAND_IN_PROJECT = 'stand-in-project';
export const STAND_IN_PROJECT_NUMBER = '111111111111';

interface Context {
  readonly type: string;
  readonly project: string;
  readonly identity: string;
  /** values by their path, `service_config.uri` */
  readonly special: Readonly<Record<string, Value>>;
}

const textOf = (value: Value | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

// In this order: a resource has a name, or an id that becomes the end of one.
const NAMES: readonly string[] =
  'name account_id secret_id repository_id bucket_id workload_identity_pool_provider_id workload_identity_pool_id dataset_id service_id slo_id bucket'.split(
    ' ',
  );

function identityOf(type: string, config: Values): string {
  const named = NAMES.map((name) => textOf(config[name])).find((name) => name !== undefined);
  if (named !== undefined && !type.includes('_iam_')) return named;
  const shown = JSON.stringify(config, (_name, value: unknown) => (value === UNKNOWN ? '?' : value));
  return createHash('sha256').update(shown).digest('hex').slice(0, 12);
}

interface Known {
  readonly project: string;
  readonly identity: string;
  readonly config: Values;
}

/** Texts that other resources and the rules take apart, in the form that Google documents for each. */
const SPECIAL: Readonly<Record<string, (known: Known) => Readonly<Record<string, Value>>>> = {
  google_service_account: ({ project, identity }) => {
    const email = `${identity}@${project}.iam.gserviceaccount.com`;
    const name = `projects/${project}/serviceAccounts/${email}`;
    return { email, member: `serviceAccount:${email}`, id: name, name };
  },
  google_pubsub_topic: ({ project, identity }) => ({ id: `projects/${project}/topics/${identity}` }),
  google_pubsub_subscription: ({ project, identity }) => ({ id: `projects/${project}/subscriptions/${identity}` }),
  google_pubsub_schema: ({ project, identity }) => ({ id: `projects/${project}/schemas/${identity}` }),
  google_cloudfunctions2_function: ({ project, identity, config }) => {
    const location = textOf(config['location']) ?? 'location';
    const uri = `https://${identity}-standin-${location}.a.run.app`;
    return {
      id: `projects/${project}/locations/${location}/functions/${identity}`,
      url: `https://${location}-${project}.cloudfunctions.net/${identity}`,
      'service_config.uri': uri,
      'service_config.service': `projects/${project}/locations/${location}/services/${identity}`,
    };
  },
  google_cloud_run_v2_service: ({ project, identity, config }) => {
    const location = textOf(config['location']) ?? 'location';
    return {
      id: `projects/${project}/locations/${location}/services/${identity}`,
      uri: `https://${identity}-standin-${location}.a.run.app`,
    };
  },
  google_kms_key_ring: ({ project, identity, config }) => ({
    id: `projects/${project}/locations/${textOf(config['location'])}/keyRings/${identity}`,
  }),
  google_kms_crypto_key: ({ identity, config }) => ({
    id: `${textOf(config['key_ring']) ?? 'key-ring'}/cryptoKeys/${identity}`,
  }),
  google_kms_crypto_key_version: ({ config }) => ({
    name: `${textOf(config['crypto_key']) ?? 'key'}/cryptoKeyVersions/1`,
  }),
  google_storage_bucket: ({ identity }) => ({ id: identity, url: `gs://${identity}` }),
  google_secret_manager_secret: ({ project, identity }) => ({
    id: `projects/${project}/secrets/${identity}`,
    name: `projects/${project}/secrets/${identity}`,
  }),
  google_secret_manager_secret_version: ({ config }) => ({
    version: '1',
    id: `${textOf(config['secret'])}/versions/1`,
  }),
  google_project: () => ({ number: STAND_IN_PROJECT_NUMBER }),
  google_project_service_identity: ({ config, project }) => {
    const service = textOf(config['service'])?.split('.')[0] ?? 'service';
    const email = `service-${STAND_IN_PROJECT_NUMBER}@gcp-sa-${service}.iam.gserviceaccount.com`;
    return { email, member: `serviceAccount:${email}`, id: `projects/${project}/services/${service}` };
  },
  'data.google_project': ({ project, config }) => ({
    project_id: textOf(config['project_id']) ?? project,
    number: STAND_IN_PROJECT_NUMBER,
    id: `projects/${textOf(config['project_id']) ?? project}`,
  }),
  'data.google_storage_project_service_account': () => {
    const email = `service-${STAND_IN_PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com`;
    return { email_address: email, member: `serviceAccount:${email}` };
  },
};

function blockValue(block: BlockSchema, proposed: Values, config: Values, known: Context, path: string): Values {
  const values: Record<string, Value> = {};
  for (const [name, { type, computed, optional }] of Object.entries(block.attributes)) {
    const value = proposed[name] ?? null;
    const isDecidedByCloud =
      computed === true && (config[name] ?? null) === null && (value === null || value === UNKNOWN);
    if (name.endsWith('_wo')) values[name] = null;
    else if (!isDecidedByCloud) values[name] = value;
    // What could have been configured and was not stays empty, so that a rule can tell: all but what others refer to.
    else if (optional === true && !REFERRED_TO.has(name)) values[name] = null;
    else values[name] = madeUpValue(type, `${path}${name}`, known);
  }
  for (const [name, { block: inner }] of Object.entries(block.blocks)) {
    const value = proposed[name] ?? null;
    const written = config[name] ?? null;
    const innerPath = `${path}${name}.`;
    if (isRecord(value)) values[name] = blockValue(inner, value, isRecord(written) ? written : {}, known, innerPath);
    else if (isList(value))
      values[name] = value.map((item, at) => {
        const source = isList(written) ? written[at] : null;
        return isRecord(item) ? blockValue(inner, item, isRecord(source) ? source : {}, known, innerPath) : item;
      });
    else values[name] = value;
  }
  return values;
}

const REFERRED_TO: ReadonlySet<string> = new Set(['id', 'name', 'project', 'project_id', 'region', 'location', 'zone']);

function madeUpValue(type: CtyType, path: string, known: Context): Value {
  const special = known.special[path];
  if (special !== undefined) return special;
  if (type === 'string') return madeUpText(path, known);
  if (type === 'number') return 1;
  if (type === 'bool') return false;
  const [kind, inner] = type;
  if (kind === 'map') return {};
  if (kind === 'object')
    return Object.fromEntries(
      Object.entries(inner as Readonly<Record<string, CtyType>>).map(([name, field]) => [
        name,
        madeUpValue(field, `${path}.${name}`, known),
      ]),
    );
  // One element, so that what others take from it by index is there.
  return [madeUpValue(inner as CtyType, path, known)];
}

function madeUpText(path: string, { type, project, identity }: Context): string {
  const name = path.split('.').at(-1)!;
  if (name === 'project') return project;
  if (path === 'name') return identity;
  if (name === 'email' || name.endsWith('_email')) return `${identity}@${project}.iam.gserviceaccount.com`;
  if (name === 'member' || name.endsWith('_identity'))
    return `serviceAccount:${identity}@${project}.iam.gserviceaccount.com`;
  if (name === 'number' || name === 'unique_id') return STAND_IN_PROJECT_NUMBER;
  if (name === 'self_link') return `https://www.googleapis.com/compute/v1/projects/${project}/${type}/${identity}`;
  if (/(^|_)(uri|url|endpoint)$/.test(name)) return `https://${identity}.${type.replaceAll('_', '-')}.example`;
  return path === 'id' ? `projects/${project}/${type}/${identity}` : `${type}/${identity}/${path}`;
}
