import { Members, type Naive, NumberText } from './naive-json.ts';

/** What the judge knows of the suite that it judges. */
export const SUITE = {
  tenant: 'acme',
  subscription: 'main',
  now: '2026-03-10T12:00:00Z',
  started: '2026-03-01T00:00:00Z',
} as const;
const AHEAD_MILLISECONDS = 5 * 60_000;

const PLAIN = [
  'organization_id',
  'metric_name',
  'quantity',
  'timestamp',
  'idempotency_key',
  'subscription_id',
  'properties',
];
const PROPERTY = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const DECIMAL = /^(?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,12})?$/;
const TIME =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))$/;
const letters = (text: string): number => [...text].length;
const isWord = (text: string): boolean => letters(text) >= 1 && letters(text) <= 255 && !/[\p{C}\s]/u.test(text);
const isKey = (text: string): boolean =>
  letters(text) >= 1 && letters(text) <= 255 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);

/** Milliseconds and the microseconds below, or undefined where it is no time: by Date, which rolls over what does not exist. */
export function naiveTime(text: string): string | undefined {
  const [, day, clock, fraction = '', sign, hours = '0', minutes = '0'] = TIME.exec(text) ?? [];
  if (day === undefined || clock === undefined || day.startsWith('0000')) return undefined;
  const date = new Date(`${day}T${clock}Z`);
  if (Number.isNaN(date.getTime()) || date.toISOString() !== `${day}T${clock}.000Z`) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const ahead = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return `${date.getTime() - ahead} ${fraction.slice(0, 6).padEnd(6, '0')}`;
}

/** @returns what an event means, as a text, or undefined where it is not to be taken; the key under which it is known before the meaning */
export function naiveEvent(value: Naive): { readonly key: string; readonly meaning: string } | undefined {
  if (!(value instanceof Members)) return undefined;
  const read = value.get('specversion') === undefined ? plainOf(value) : cloudOf(value);
  if (read === undefined) return undefined;
  const { source, key, type, subject, time, data } = read;
  const at = naiveTime(time);
  if (at === undefined || !isKey(key)) return undefined;
  const milliseconds = Number(at.split(' ')[0]);
  if (milliseconds < Date.parse(SUITE.started) || milliseconds > Date.parse(SUITE.now) + AHEAD_MILLISECONDS)
    return undefined;
  if (subject !== undefined && subject !== SUITE.subscription) return undefined;
  const quantity = data.get('quantity');
  const isDecimal = quantity !== undefined && DECIMAL.test(quantity);
  const isCounted =
    (type === 'api_calls' && isDecimal && /[1-9]/.test(quantity)) ||
    (type === 'requests' && (quantity === undefined || isDecimal)) ||
    (type === 'users' && (data.get('user') ?? '') !== '');
  if (!isCounted) return undefined;
  const sorted = [...data].sort(([a], [b]) => (a < b ? -1 : 1));
  return { key: `${source}\n${key}`, meaning: JSON.stringify([type, subject ?? null, at, sorted]) };
}

interface Read {
  readonly source: string;
  readonly key: string;
  readonly type: string;
  readonly subject: string | undefined;
  readonly time: string;
  readonly data: Map<string, string>;
}
const isText = (value: Naive | undefined): value is string => typeof value === 'string';
const isTextOrNone = (value: Naive | undefined): value is string | undefined => value === undefined || isText(value);

function plainOf(event: Members): Read | undefined {
  if (event.names.some((name) => !PLAIN.includes(name))) return undefined;
  const [key, type, time] = ['idempotency_key', 'metric_name', 'timestamp'].map((name) => event.get(name));
  const [organization, subject, quantity] = ['organization_id', 'subscription_id', 'quantity'].map((name) =>
    event.get(name),
  );
  if (!isText(key) || !isText(type) || !isText(time)) return undefined;
  if (!isTextOrNone(organization) || !isTextOrNone(subject) || !isTextOrNone(quantity)) return undefined;
  if (organization !== undefined && organization !== SUITE.tenant) return undefined;
  const data = propertiesOf(event.get('properties'));
  if (data === undefined || data.has('quantity')) return undefined;
  if (quantity !== undefined) data.set('quantity', quantity);
  return { source: 'urn:tallystick:usage', key, type, subject, time, data };
}

function cloudOf(event: Members): Read | undefined {
  if (event.names.some((name) => !/^[a-z0-9]{1,20}$/.test(name))) return undefined;
  if (event.get('data_base64') !== undefined || event.get('specversion') !== '1.0') return undefined;
  const [key, source, type, time] = ['id', 'source', 'type', 'time'].map((name) => event.get(name));
  const [subject, content, schema] = ['subject', 'datacontenttype', 'dataschema'].map((name) => event.get(name));
  if (!isText(key) || !isText(source) || !isText(type) || !isText(time) || !isTextOrNone(subject)) return undefined;
  if (![source, type, subject ?? 'x'].every(isWord)) return undefined;
  if (content !== undefined && content !== 'application/json') return undefined;
  if (!isTextOrNone(schema) || letters(schema ?? '') > 255) return undefined;
  const data = propertiesOf(event.get('data'));
  return data && { source, key, type, subject, time, data };
}

function propertiesOf(value: Naive | undefined): Map<string, string> | undefined {
  if (value === undefined) return new Map();
  if (!(value instanceof Members) || value.all.length > 50) return undefined;
  const data = new Map<string, string>();
  for (const [name, text] of value.all) {
    if (!PROPERTY.test(name) || !isText(text) || letters(text) > 500) return undefined;
    data.set(name, text);
  }
  return data;
}

/** What becomes of a request's body: the events in it, or undefined where it is refused as a whole. */
export function naiveBatch(
  read: { readonly value: Naive } | undefined,
  contentType: string,
): readonly Naive[] | undefined {
  if (read === undefined || read.value instanceof NumberText) return undefined;
  const { value } = read;
  if (typeof value !== 'object' || value === null) return undefined;
  const isList = Array.isArray(value);
  if (isList && contentType === 'application/cloudevents+json') return undefined;
  if (!isList && contentType === 'application/cloudevents-batch+json') return undefined;
  if (isList && (value.length === 0 || value.length > 1000)) return undefined;
  return isList ? value : [value];
}
