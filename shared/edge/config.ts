import { type LedgerOrigin, parseLedgerOrigin } from '../domain/ids.ts';
import type { Seller } from '../domain/organization/party.ts';
import { parseSeller } from '../domain/organization/party-schema.ts';

/** Everything the environment can say, read once at start. Nothing else reads `process.env`. */
export interface Config {
  /** Which adapters stand behind the ports: all embedded in this process, or Google Cloud's. */
  readonly platform: 'embedded' | 'cloud';
  readonly port: number;
  readonly host: string;
  readonly ledgerOrigin: LedgerOrigin;
  readonly invoicePrefix: string;
  readonly environment: string;
  readonly region: string;
  /** Endpoint of each region's stack by its name. */
  readonly regionEndpoints: ReadonlyMap<string, string>;
  readonly sealIntervalSeconds: number;
  readonly requestsInHand: number;
  readonly bytesInHand: number;
  readonly backlogEvents: number;
  readonly draftThreads: number;
  readonly doorbellRestMilliseconds: number;
  readonly hotWindowDays: number;
  readonly usageMinutesDays: number;
  readonly usageSummaryDays: number;
  /** Minor units, as text. */
  readonly approvalLimit: string;
  readonly ratePerSecond: number;
  readonly rateBurst: number;
  readonly usageRatePerSecond: number;
  readonly usageRateBurst: number;
  readonly guessesPerSecond: number;
  readonly guessesBurst: number;
  readonly forwardedHops: number;
  /** Empty where JWTs are not taken. */
  readonly jwtIssuer: string;
  readonly jwtAudience: string;
  /** null where nobody has said who issues the invoices */
  readonly seller: Seller | null;
  readonly taxEngineUrl: string;
  readonly taxEngineToken: string;
  readonly viesUrl: string;
  readonly publicUrl: string;
  readonly jwtKeysUrl: string;
  readonly jwtRoleClaim: string;
  readonly jwtOrganizationClaim: string;
  readonly jwtRegionClaim: string;
  readonly jwtMaxAgeSeconds: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly drainSeconds: number;
  readonly otlpEndpoint: string;
  /** Empty where the database keeps one. */
  readonly cursorKey: string;
  /** The function's name, as telemetry calls it. */
  readonly service: string;
  readonly revision: string;

  readonly dataFolder: string;
  readonly rsaBits: 2048 | 3072;
  readonly retentionDays: number;
  /** Shared secret by which embedded functions know the embedded bus and scheduler; made up at start when empty. */
  readonly callerToken: string;

  readonly project: string;
  readonly spannerInstance: string;
  readonly spannerDatabase: string;
  readonly transactionsMax: number;
  readonly firestoreDatabase: string;
  readonly topicPrefix: string;
  readonly vaultBucket: string;
  readonly kmsKeyRing: string;
  readonly wrappingKey: string;
  /** What an OIDC token of a caller must have been made for. */
  readonly callerAudience: string;
  /** Service accounts whose OIDC tokens are believed. */
  readonly callers: readonly string[];
  readonly oidcKeysUrl: string;
  readonly storageEndpoint: string;
  readonly kmsEndpoint: string;
  readonly spannerEmulator: string;
  readonly firestoreEmulator: string;
  readonly pubsubEmulator: string;
}

/** Who reads a variable: every process, those of one platform, or only what runs against emulators and doubles. */
type Reader = 'all' | 'embedded' | 'cloud' | 'tests';

interface Variable<T> {
  readonly name: string;
  readonly meaning: string;
  /** Unit of the number, where it is one. */
  readonly unit?: string;
  readonly readBy: Reader;
  /** What holds when it is not set. */
  readonly fallback: string;
  /** Whether the cloud platform must be told, whatever the default. */
  readonly needed?: true;
  readonly read: (text: string) => T | undefined;
}

const whole =
  (least: number, most: number) =>
  (text: string): number | undefined => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
    return value !== undefined && value >= least && value <= most ? value : undefined;
  };
const matching =
  (pattern: RegExp) =>
  (text: string): string | undefined =>
    pattern.test(text) ? text : undefined;
const oneOf =
  <const T extends string>(...values: T[]) =>
  (text: string): T | undefined =>
    values.find((value) => value === text);
const listOf =
  (pattern: RegExp) =>
  (text: string): readonly string[] | undefined => {
    const items = text === '' ? [] : text.split(',');
    return items.every((item) => pattern.test(item)) ? items : undefined;
  };

/** Empty for nobody. */
function sellerOf(text: string): Seller | null | undefined {
  if (text === '') return null;
  try {
    return parseSeller(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const HOST_AND_PORT = /^(?:|[0-9A-Za-z.:[\]-]+:[0-9]{1,5})$/;
const ENDPOINT = /^(?:|https?:\/\/[0-9A-Za-z.:[\]/_-]+)$/;
const RESOURCE = /^(?:|[a-z(][a-z0-9-]{0,62}[a-z0-9)])$/;

/** One row per variable: its name, what it means, its unit, who reads it, what holds when it is not set, which values are sound. */
export const VARIABLES: { readonly [K in keyof Config]: Variable<Config[K]> } = {
  platform: {
    name: 'PLATFORM',
    meaning: 'embedded (everything in this process and one folder) or cloud (Google Cloud)',
    readBy: 'all',
    fallback: 'embedded',
    read: oneOf('embedded', 'cloud'),
  },
  port: {
    name: 'PORT',
    meaning: 'TCP port, 0 for any free one',
    readBy: 'all',
    fallback: '8080',
    read: whole(0, 65535),
  },
  host: {
    name: 'HOST',
    meaning: 'address to listen on',
    readBy: 'embedded',
    fallback: '127.0.0.1',
    read: matching(/^[0-9A-Za-z.:-]+$/),
  },
  ledgerOrigin: {
    name: 'LEDGER_ORIGIN',
    meaning: 'name of the ledger, in every receipt; never changes once receipts exist; each region has its own',
    readBy: 'all',
    fallback: 'ledger.localhost/dev',
    needed: true,
    read: (text) => {
      try {
        return parseLedgerOrigin(text);
      } catch {
        // The caller says what is wrong with which variable; why exactly is in the variable's meaning.
        return undefined;
      }
    },
  },
  invoicePrefix: {
    name: 'INVOICE_PREFIX',
    meaning: 'begins every invoice number, 1 to 12 characters from A-Z, 0-9 and -',
    readBy: 'all',
    fallback: 'INV',
    read: matching(/^[A-Z][A-Z0-9-]{0,11}$/),
  },
  environment: {
    name: 'ENVIRONMENT',
    meaning: 'part of every API key, so that a test key is never taken for a live one; 1 to 16 of a-z and 0-9',
    readBy: 'all',
    fallback: 'dev',
    needed: true,
    read: matching(/^[a-z][a-z0-9]{0,15}$/),
  },
  region: {
    name: 'REGION',
    meaning: 'residency region of this stack; organizations pinned to another are answered 421',
    readBy: 'all',
    fallback: 'eu',
    needed: true,
    read: matching(/^[a-z]{2,8}$/),
  },
  regionEndpoints: {
    name: 'REGION_ENDPOINTS',
    meaning: 'where each region answers: name=https://host, comma-separated',
    readBy: 'all',
    fallback: '',
    read: (text) => {
      const pairs = text === '' ? [] : text.split(',').map((pair) => /^([a-z]{2,8})=(https?:\/\/[^\s,]+)$/.exec(pair));
      const sound = pairs.filter((pair) => pair !== null);
      return sound.length === pairs.length ? new Map(sound.map(([, name, url]) => [name!, url!])) : undefined;
    },
  },
  sealIntervalSeconds: {
    name: 'SEAL_INTERVAL_SECONDS',
    meaning: 'doorbells within this time of a seal make no new one',
    unit: 'seconds',
    readBy: 'all',
    fallback: '10',
    read: whole(0, 3600),
  },
  requestsInHand: {
    name: 'REQUESTS_IN_HAND',
    meaning:
      'requests that an instance has in hand at once; beyond it, or a quarter of it for one credential, they are told to come again',
    unit: 'requests',
    readBy: 'all',
    fallback: '512',
    read: whole(1, 1_000_000),
  },
  bytesInHand: {
    name: 'BYTES_IN_HAND',
    meaning: 'bytes of their bodies, in the same way; of bodies still on their way as many are kept',
    unit: 'bytes',
    readBy: 'all',
    fallback: '33554432',
    read: whole(1_048_576, 999_999_999),
  },
  backlogEvents: {
    name: 'BACKLOG_EVENTS',
    meaning: 'accepted events of an organization that may wait for their receipts; beyond it, it is told to come again',
    unit: 'events',
    readBy: 'embedded',
    fallback: '1000000',
    read: whole(1, 999_999_999),
  },
  draftThreads: {
    name: 'DRAFT_THREADS',
    meaning: 'threads that make receipts beside the one that takes requests; with 0 that one makes them',
    unit: 'threads',
    readBy: 'embedded',
    fallback: '1',
    read: whole(0, 64),
  },
  doorbellRestMilliseconds: {
    name: 'DOORBELL_REST_MILLISECONDS',
    meaning:
      'how long an organization’s doorbell rests after it was answered, for each that rings: what comes meanwhile is answered together',
    unit: 'milliseconds',
    readBy: 'embedded',
    fallback: '40',
    read: whole(0, 10_000),
  },
  hotWindowDays: {
    name: 'HOT_WINDOW_DAYS',
    meaning:
      'how long pages stay in database and mirror, and accepted payloads are kept; older receipts are read from the vault',
    unit: 'days',
    readBy: 'all',
    // The longest month, and nine days in which its bill is looked at. Late usage (35 days) and its keys (37 at most) end before.
    fallback: '40',
    read: whole(40, 36_525),
  },
  usageMinutesDays: {
    name: 'USAGE_MINUTES_DAYS',
    meaning: 'how long usage can be summed up by the minute',
    unit: 'days',
    readBy: 'all',
    fallback: '40',
    read: whole(1, 36_525),
  },
  usageSummaryDays: {
    name: 'USAGE_SUMMARY_DAYS',
    meaning:
      'how long usage can be summed up by hours and more; longer than any billing period where a metric is a weighted_sum',
    unit: 'days',
    readBy: 'all',
    fallback: '400',
    read: whole(40, 36_525),
  },
  approvalLimit: {
    name: 'APPROVAL_LIMIT',
    meaning:
      'above it a credit, an adjustment or a refund is proposed by one person and approved by another, where the organization has no limit of its own',
    unit: 'minor units',
    readBy: 'all',
    fallback: '100000',
    read: matching(/^(?:0|[1-9][0-9]{0,14})$/),
  },
  ratePerSecond: {
    name: 'RATE_PER_SECOND',
    meaning: 'requests that an organization may make of one instance, but for sending usage; 0 sets no limit',
    unit: 'requests per second',
    readBy: 'all',
    fallback: '100',
    read: whole(0, 1_000_000),
  },
  rateBurst: {
    name: 'RATE_BURST',
    meaning: 'requests that it may make at once after a pause',
    unit: 'requests',
    readBy: 'all',
    fallback: '200',
    read: whole(1, 1_000_000),
  },
  usageRatePerSecond: {
    name: 'USAGE_RATE_PER_SECOND',
    meaning: 'requests with usage that an organization may make of one instance; 0 sets no limit',
    unit: 'requests per second',
    readBy: 'all',
    fallback: '1000',
    read: whole(0, 1_000_000),
  },
  usageRateBurst: {
    name: 'USAGE_RATE_BURST',
    meaning: 'requests with usage that it may make at once after a pause',
    unit: 'requests',
    readBy: 'all',
    fallback: '2000',
    read: whole(1, 1_000_000),
  },
  guessesPerSecond: {
    name: 'GUESSES_PER_SECOND',
    meaning: 'wrong credentials that one address may send to one instance; 0 sets no limit',
    unit: 'requests per second',
    readBy: 'all',
    fallback: '1',
    read: whole(0, 1_000_000),
  },
  guessesBurst: {
    name: 'GUESSES_BURST',
    meaning: 'wrong credentials that it may send at once after a pause',
    unit: 'requests',
    readBy: 'all',
    fallback: '20',
    read: whole(1, 1_000_000),
  },
  forwardedHops: {
    name: 'FORWARDED_HOPS',
    meaning:
      'addresses that proxies in front append to X-Forwarded-For, the caller’s the first of them; 0 does not believe it, Google’s load balancer appends 2',
    unit: 'addresses',
    readBy: 'all',
    fallback: '0',
    read: whole(0, 16),
  },
  jwtIssuer: {
    name: 'JWT_ISSUER',
    meaning: 'issuer (iss) whose JWTs are taken beside API keys; empty takes none',
    readBy: 'all',
    fallback: '',
    read: matching(/^\S{0,500}$/),
  },
  jwtAudience: {
    name: 'JWT_AUDIENCE',
    meaning: 'what a JWT must have been made for (aud); needed with JWT_ISSUER',
    readBy: 'all',
    fallback: '',
    read: matching(/^\S{0,500}$/),
  },
  seller: {
    name: 'SELLER',
    meaning: 'who issues the invoices, as JSON: legal_name, address, tax_ids, registrations, bank; see docs/taxes.md',
    readBy: 'all',
    fallback: '',
    read: sellerOf,
  },
  taxEngineUrl: {
    name: 'TAX_ENGINE_URL',
    meaning: 'an outside tax engine that is asked in place of our own tables; empty for none',
    readBy: 'all',
    fallback: '',
    read: matching(/^(?:|https?:\/\/\S{1,500})$/),
  },
  taxEngineToken: {
    name: 'TAX_ENGINE_TOKEN',
    meaning: 'bearer token for it',
    readBy: 'all',
    fallback: '',
    read: matching(/^[\x21-\x7e]{0,500}$/),
  },
  viesUrl: {
    name: 'VIES_URL',
    meaning:
      'where EU VAT ids are looked up, e.g. https://ec.europa.eu/taxation_customs/vies/rest-api; empty: form and check digit alone',
    readBy: 'all',
    fallback: '',
    read: matching(/^(?:|https?:\/\/\S{1,500})$/),
  },
  publicUrl: {
    name: 'PUBLIC_URL',
    meaning: 'where people reach the API: documents link to their proof there',
    readBy: 'all',
    fallback: 'http://localhost:8080',
    read: matching(/^https?:\/\/[^\s/]{1,253}(?:\/\S{0,200}[^\s/])?$/),
  },
  jwtKeysUrl: {
    name: 'JWT_JWKS_URL',
    meaning: 'JWKS with which JWTs are verified; needed with JWT_ISSUER',
    readBy: 'all',
    fallback: '',
    read: matching(/^(?:|https?:\/\/\S{1,500})$/),
  },
  jwtRoleClaim: {
    name: 'JWT_ROLE_CLAIM',
    meaning: 'claim that holds the role',
    readBy: 'all',
    fallback: 'role',
    read: matching(/^\S{1,200}$/),
  },
  jwtOrganizationClaim: {
    name: 'JWT_ORGANIZATION_CLAIM',
    meaning: 'claim that holds the organization of a tenant’s role',
    readBy: 'all',
    fallback: 'tenant',
    read: matching(/^\S{1,200}$/),
  },
  jwtRegionClaim: {
    name: 'JWT_REGION_CLAIM',
    meaning: 'claim that may hold the residency region',
    readBy: 'all',
    fallback: 'region',
    read: matching(/^\S{1,200}$/),
  },
  jwtMaxAgeSeconds: {
    name: 'JWT_MAX_AGE_SECONDS',
    meaning: 'how long ago a JWT may have been issued, however long it says it is good',
    unit: 'seconds',
    readBy: 'all',
    fallback: '3600',
    read: whole(60, 86_400),
  },
  logLevel: {
    name: 'LOG_LEVEL',
    meaning: 'debug, info, warn, error or silent',
    readBy: 'all',
    fallback: 'info',
    read: oneOf('debug', 'info', 'warn', 'error', 'silent'),
  },
  drainSeconds: {
    name: 'DRAIN_SECONDS',
    meaning: 'after SIGTERM, how long requests under way may take to finish',
    unit: 'seconds',
    readBy: 'all',
    fallback: '8',
    read: whole(0, 600),
  },
  otlpEndpoint: {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    meaning: 'OpenTelemetry collector (OTLP over HTTP) for traces and metrics; empty sends none',
    readBy: 'all',
    fallback: '',
    read: matching(ENDPOINT),
  },
  cursorKey: {
    name: 'CURSOR_KEY',
    meaning:
      'secret that list cursors are signed with, at least 43 characters of base64url; empty keeps one in the database',
    readBy: 'all',
    fallback: '',
    read: matching(/^(?:|[A-Za-z0-9_-]{43,256})$/),
  },
  service: {
    name: 'K_SERVICE',
    meaning: 'name of the function in traces and metrics; Cloud Run sets it',
    readBy: 'all',
    fallback: 'tallystick',
    read: matching(/^[A-Za-z0-9-]{1,63}$/),
  },
  revision: {
    name: 'K_REVISION',
    meaning: 'version of the function in traces and metrics; Cloud Run sets it',
    readBy: 'all',
    fallback: '',
    read: matching(/^[A-Za-z0-9.-]{0,63}$/),
  },

  dataFolder: {
    name: 'DATA_DIR',
    meaning: 'folder of the embedded store',
    readBy: 'embedded',
    fallback: '.data',
    read: matching(/^.+$/),
  },
  rsaBits: {
    name: 'RSA_BITS',
    meaning: 'size of new signing keys, 3072 or 2048',
    unit: 'bits',
    readBy: 'embedded',
    fallback: '3072',
    read: (text) => (text === '3072' ? 3072 : text === '2048' ? 2048 : undefined),
  },
  retentionDays: {
    name: 'RETENTION_DAYS',
    meaning: 'during which the vault deletes nothing',
    unit: 'days',
    readBy: 'embedded',
    fallback: '2557',
    read: whole(0, 36_525),
  },
  callerToken: {
    name: 'CALLER_TOKEN',
    meaning: 'secret between embedded bus, scheduler and functions, at least 32 characters; empty makes one up',
    readBy: 'embedded',
    fallback: '',
    read: matching(/^(?:|[A-Za-z0-9_-]{32,256})$/),
  },

  project: {
    name: 'GOOGLE_CLOUD_PROJECT',
    meaning: 'id of the Google Cloud project',
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: matching(RESOURCE),
  },
  spannerInstance: {
    name: 'SPANNER_INSTANCE',
    meaning: 'Spanner instance',
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: matching(RESOURCE),
  },
  spannerDatabase: {
    name: 'SPANNER_DATABASE',
    meaning: 'Spanner database',
    readBy: 'cloud',
    fallback: 'tallystick',
    read: matching(RESOURCE),
  },
  transactionsMax: {
    name: 'TRANSACTIONS_MAX',
    meaning: 'read-write transactions of one instance at once; more wait',
    unit: 'transactions',
    readBy: 'cloud',
    fallback: '80',
    read: whole(1, 1000),
  },
  firestoreDatabase: {
    name: 'FIRESTORE_DATABASE',
    meaning: 'Firestore database of mirror and projections',
    readBy: 'cloud',
    fallback: '(default)',
    read: matching(RESOURCE),
  },
  topicPrefix: {
    name: 'TOPIC_PREFIX',
    meaning: 'goes before the name of every Pub/Sub topic',
    readBy: 'cloud',
    fallback: '',
    read: matching(/^(?:|[a-z][a-z0-9-]{0,40})$/),
  },
  vaultBucket: {
    name: 'VAULT_BUCKET',
    meaning: 'Cloud Storage bucket with a retention policy',
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: matching(/^(?:|[a-z0-9][a-z0-9._-]{1,61}[a-z0-9])$/),
  },
  kmsKeyRing: {
    name: 'KMS_KEY_RING',
    meaning: 'projects/P/locations/L/keyRings/R with the keys checkpoint and evidence',
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: matching(/^(?:|projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+)$/),
  },
  wrappingKey: {
    name: 'WRAPPING_KEY',
    meaning: 'projects/P/locations/L/keyRings/R/cryptoKeys/K: wraps the data keys of organizations',
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: matching(/^(?:|projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+)$/),
  },
  callerAudience: {
    name: 'CALLER_AUDIENCE',
    meaning: "audience of the OIDC tokens of Pub/Sub and Scheduler: this function's own address",
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: matching(ENDPOINT),
  },
  callers: {
    name: 'CALLERS',
    meaning: 'service accounts that may call what only Pub/Sub and Scheduler call, comma-separated',
    readBy: 'cloud',
    fallback: '',
    needed: true,
    read: listOf(/^[a-z0-9-]+@[a-z0-9.-]+$/),
  },
  oidcKeysUrl: {
    name: 'OIDC_KEYS_URL',
    meaning: "JWKS with which callers' tokens are verified",
    readBy: 'cloud',
    fallback: 'https://www.googleapis.com/oauth2/v3/certs',
    read: matching(/^https?:\/\/\S+$/),
  },
  storageEndpoint: {
    name: 'STORAGE_ENDPOINT',
    meaning: "another address of Cloud Storage's JSON API, for a private endpoint or a double",
    readBy: 'cloud',
    fallback: '',
    read: matching(ENDPOINT),
  },
  kmsEndpoint: {
    name: 'KMS_ENDPOINT',
    meaning: "another host:port of Cloud KMS's gRPC API, for a double",
    readBy: 'tests',
    fallback: '',
    read: matching(HOST_AND_PORT),
  },
  spannerEmulator: {
    name: 'SPANNER_EMULATOR_HOST',
    meaning: 'host:port of a Spanner emulator',
    readBy: 'tests',
    fallback: '',
    read: matching(HOST_AND_PORT),
  },
  firestoreEmulator: {
    name: 'FIRESTORE_EMULATOR_HOST',
    meaning: 'host:port of a Firestore emulator',
    readBy: 'tests',
    fallback: '',
    read: matching(HOST_AND_PORT),
  },
  pubsubEmulator: {
    name: 'PUBSUB_EMULATOR_HOST',
    meaning: 'host:port of a Pub/Sub emulator',
    readBy: 'tests',
    fallback: '',
    read: matching(HOST_AND_PORT),
  },
};

/** The environment is not sound. One message names every variable that is wrong, without repeating its value. */
export class ConfigWrong extends Error {
  constructor(complaints: readonly string[]) {
    super(`the configuration is not sound:\n${complaints.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigWrong';
  }
}

/** @throws ConfigWrong */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const complaints: string[] = [];
  const config: Record<string, unknown> = {};
  const inCloud = environment[VARIABLES.platform.name] === 'cloud';
  for (const [key, variable] of Object.entries(VARIABLES)) {
    const text = environment[variable.name] ?? variable.fallback;
    const value = variable.read(text);
    const missing = inCloud && variable.needed === true && (environment[variable.name] ?? '') === '';
    if (value === undefined || missing) complaints.push(`${variable.name}: ${variable.meaning}`);
    config[key] = value;
  }
  // A verifier that lacks one of the three would take tokens that were made for somebody else, or none.
  const issuer = [VARIABLES.jwtIssuer, VARIABLES.jwtAudience, VARIABLES.jwtKeysUrl];
  const unset = issuer.filter(({ name, fallback }) => (environment[name] ?? fallback) === '');
  if (unset.length < issuer.length) complaints.push(...unset.map(({ name, meaning }) => `${name}: ${meaning}`));
  if (complaints.length > 0) throw new ConfigWrong(complaints);
  return config as unknown as Config;
}
