import type { Value } from './wire-values.ts';

/** Says what is wrong with a known value, or nothing. */
export type Form = (value: Exclude<Value, symbol | null>) => string | undefined;

/** Seconds in a duration as Google's APIs write it: decimal, up to nine fractional digits, then `s`. */
export const secondsOf = (text: unknown): number | undefined => {
  const digits = typeof text === 'string' ? /^([0-9]+(?:\.[0-9]{1,9})?)s$/.exec(text)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
};

/** A number from `least` to `most`, both included. */
export const from =
  (least: number, most = Number.POSITIVE_INFINITY): Form =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most ? undefined : `must be ${range(least, most)}`;

/** A duration such as `"600s"`, from `least` to `most` seconds. */
export const seconds =
  (least = 0, most = Number.POSITIVE_INFINITY): Form =>
  (value) => {
    const found = secondsOf(value);
    if (found === undefined) return 'must be a duration in seconds such as "600s"';
    return found >= least && found <= most ? undefined : `must be ${range(least, most)} seconds`;
  };

/** A duration with a unit, as Spanner writes it: `"7d"`, `"24h"`, `"1440m"`, `"86400s"`. */
export const spannerPeriod =
  (least: number, most: number): Form =>
  (value) => {
    const found = spannerSeconds(value);
    if (found === undefined) return 'must be a period such as "7d", "24h", "1440m" or "86400s"';
    return found >= least && found <= most ? undefined : `must be ${range(least, most)} seconds`;
  };

export function spannerSeconds(value: unknown): number | undefined {
  const parts = typeof value === 'string' ? /^([0-9]+)([dhms])$/.exec(value) : null;
  return parts === null ? undefined : Number(parts[1]) * { d: 86_400, h: 3600, m: 60, s: 1 }[parts[2] as 'd']!;
}

const range = (least: number, most: number): string =>
  most === Number.POSITIVE_INFINITY ? `at least ${least}` : `from ${least} to ${most}`;

export const oneOf =
  (...values: readonly string[]): Form =>
  (value) =>
    values.includes(String(value)) ? undefined : `must be one of ${values.join(', ')}`;

export const matching =
  (pattern: RegExp, what: string): Form =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `must be ${what}`;

export const orEmpty =
  (form: Form): Form =>
  (value) =>
    value === '' ? undefined : form(value);

export const multipleOf =
  (step: number, form: Form): Form =>
  (value) =>
    typeof value === 'number' && value % step !== 0 ? `must be a multiple of ${step}` : form(value);

/** How many elements a list may have. */
export const count =
  (least: number, most: number): Form =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= most
      ? undefined
      : `must have ${range(least, most)} elements`;

export const json: Form = (value) => {
  try {
    JSON.parse(String(value));
    return undefined;
  } catch (error) {
    return `must be JSON: ${(error as Error).message}`;
  }
};

/** A record of named fields: https://avro.apache.org/docs/1.11.1/specification/#schema-record */
export const avroRecord: Form = (value) => {
  const fault = json(value);
  if (fault !== undefined) return fault;
  const schema = JSON.parse(String(value)) as { type?: unknown; name?: unknown; fields?: unknown };
  const isNamed = (field: unknown) => typeof field === 'object' && field !== null && 'name' in field && 'type' in field;
  const isSound = schema.type === 'record' && typeof schema.name === 'string' && Array.isArray(schema.fields);
  return isSound && (schema.fields as unknown[]).every(isNamed)
    ? undefined
    : 'must be an Avro record: type, name and fields';
};

export const base64: Form = matching(
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  'base64 (base64encode(...))',
);

export const timeZone: Form = (value) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: String(value) });
    return undefined;
  } catch {
    // Intl knows the IANA names; that it refuses is the answer.
    return 'must be a time zone of the IANA database';
  }
};

const CRON_FIELDS: readonly (readonly [number, number, RegExp?])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12, /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$/i],
  [0, 7, /^(sun|mon|tue|wed|thu|fri|sat)$/i],
];

/** Five fields of unix-cron. https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules */
export const cron: Form = (value) => {
  const fields = String(value).trim().split(/\s+/);
  const isSound = fields.length === 5 && fields.every((field, at) => isCronField(field, CRON_FIELDS[at]!));
  return isSound ? undefined : 'must be five fields of unix-cron, such as "7 * * * *"';
};

const isCronField = (field: string, [least, most, names]: (typeof CRON_FIELDS)[number]): boolean =>
  field.split(',').every((part) => {
    const [span, step, ...more] = part.split('/');
    if (more.length > 0 || (step !== undefined && !/^[1-9][0-9]*$/.test(step))) return false;
    if (span === '*') return true;
    const ends = span!.split('-');
    return ends.length <= 2 && ends.every((end) => names?.test(end) || isWithin(end, least, most));
  });

const isWithin = (text: string, least: number, most: number): boolean =>
  /^[0-9]{1,2}$/.test(text) && Number(text) >= least && Number(text) <= most;

/** Google Cloud's regions. https://cloud.google.com/compute/docs/regions-zones (read November 2025) */
const REGIONS = new Set(
  `africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
  asia-southeast1 asia-southeast2 asia-southeast3 australia-southeast1 australia-southeast2 europe-central2 europe-north1
  europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4
  europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 northamerica-northeast1
  northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4 us-east5
  us-south1 us-west1 us-west2 us-west3 us-west4`.split(/\s+/),
);

/** What looks like a region has to be one; multi-regions such as `eur4`, `nam-eur-asia1` or `EU` are left alone. */
export const regionIfItLooksLikeOne: Form = (value) => {
  const text = String(value)
    .toLowerCase()
    .replace(/^regional-/, '');
  return /^[a-z]+-[a-z]+[0-9]+$/.test(text) && !REGIONS.has(text) ? 'must be a region of Google Cloud' : undefined;
};

export const role: Form = matching(
  /^(roles\/[a-zA-Z0-9_.]+|(projects|organizations)\/[^/]+\/roles\/[a-zA-Z0-9_.]+)$/,
  'a role such as "roles/run.invoker"',
);

// https://cloud.google.com/iam/docs/principal-identifiers
export const member: Form = matching(
  /^(allUsers|allAuthenticatedUsers|(serviceAccount|user|group|domain|projectOwner|projectEditor|projectViewer):\S+|principal(Set)?:\/\/\S+)$/,
  'a principal such as "serviceAccount:name@project.iam.gserviceaccount.com"',
);

export const httpsUrl: Form = matching(/^https:\/\/[^\s/]+(\/\S*)?$/, 'an https address');
