import { canonicalJson } from '../canonical.ts';
import { BadInput, type ErrorCode } from '../errors.ts';
import type { TenantId } from '../ids.ts';
import { type SchemaCheck, schemaCheck } from '../schema-check.ts';
import { type Instant, readInstant } from '../time.ts';
import { type CloudEventJson, cloudEventSchema, type PlainEventJson, plainEventSchema } from './schema.ts';

/** A usage event inside: both wire forms become this. */
export interface UsageEvent {
  /** where the event comes from; idempotency keys are unique within it */
  readonly source: string;
  /** the client's idempotency key */
  readonly key: string;
  /** the event type a meter reads */
  readonly type: string;
  /** the subscription, where the sender named one */
  readonly subject: string | undefined;
  readonly time: Instant;
  /** the measured value and whatever describes it */
  readonly data: Readonly<Record<string, string>>;
}

/** The `source` of events in the plain form, which has none of its own. */
export const PLAIN_SOURCE = 'urn:tallystick:usage';

const OPTIONS = { allErrors: false, strictTypes: false, verbose: true } as const;
const isPlain = schemaCheck<PlainEventJson>(plainEventSchema, OPTIONS);
const isCloudEvent = schemaCheck<CloudEventJson>(cloudEventSchema, OPTIONS);

// Every printable character; controls, surrogates, private and unassigned code points are not (Unicode category C), nor are the
// separators of lines and paragraphs, at which some readers of logs and lists begin a new one.
const KEY = /^[^\p{C}\p{Zl}\p{Zp}]{1,255}$/u;
const WORD = /^[^\p{C}\s]{1,255}$/u;

/**
 * Reads one usage event in either form. A `specversion` makes it a CloudEvent.
 * @param tenant whose credential sent it
 * @throws BadInput with the code that the event's answer carries
 */
export function parseUsageEvent(value: unknown, tenant: TenantId): UsageEvent {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadInput('validation_failed', 'a usage event is a JSON object');
  }
  return 'specversion' in value ? readCloudEvent(value) : readPlain(value, tenant);
}

function readPlain(value: object, tenant: TenantId): UsageEvent {
  if (!isPlain(value))
    throw refusal(isPlain, { timestamp: 'invalid_timestamp', idempotency_key: 'invalid_idempotency_key' });
  if (value.organization_id !== undefined && value.organization_id !== tenant) {
    throw new BadInput(
      'organization_mismatch',
      'the event names another organization than the credential',
      'organization_id',
    );
  }
  const properties = value.properties ?? {};
  if (Object.hasOwn(properties, 'quantity')) {
    throw new BadInput('invalid_property', 'quantity stands beside the properties, not among them', 'properties');
  }
  return {
    source: PLAIN_SOURCE,
    key: readKey(value.idempotency_key, 'idempotency_key'),
    type: value.metric_name,
    subject: value.subscription_id,
    time: readTime(value.timestamp, 'timestamp'),
    data: value.quantity === undefined ? properties : { ...properties, quantity: value.quantity },
  };
}

function readCloudEvent(value: object): UsageEvent {
  if (!isCloudEvent(value)) throw refusal(isCloudEvent, { time: 'invalid_timestamp', id: 'invalid_idempotency_key' });
  for (const name of ['source', 'type', 'subject'] as const) {
    const text = value[name];
    if (text !== undefined && !WORD.test(text)) {
      throw new BadInput('validation_failed', `${name} holds white space or a control character`, name);
    }
  }
  return {
    source: value.source,
    key: readKey(value.id, 'id'),
    type: value.type,
    subject: value.subject,
    time: readTime(value.time, 'time'),
    data: value.data ?? {},
  };
}

function readKey(key: string, param: string): string {
  if (KEY.test(key)) return key;
  throw new BadInput('invalid_idempotency_key', 'an idempotency key is 1 to 255 printable characters', param);
}

function readTime(time: string, param: string): Instant {
  const instant = readInstant(time);
  if (instant !== undefined) return instant;
  throw new BadInput('invalid_timestamp', 'a time looks like 2026-03-01T12:00:00Z (RFC 3339, with its zone)', param);
}

/** The schema's first complaint in our codes: which field it is about decides. */
function refusal({ errors }: SchemaCheck<unknown>, codes: Readonly<Record<string, ErrorCode>>): BadInput {
  const error = errors[0]!;
  const field = error.instancePath.split('/')[1];
  if (error.keyword === 'additionalProperties' && field === undefined) {
    return new BadInput(
      'unknown_field',
      'the event has a field that is not part of its form',
      printable(error.params.additionalProperty),
    );
  }
  const param = error.keyword === 'required' ? error.params.missingProperty : field;
  if (param === undefined)
    return new BadInput('validation_failed', 'the event does not have the form of a usage event');
  if (param === 'quantity' || (param === 'data' && error.instancePath === '/data/quantity')) {
    // A number is a quantity written wrongly: it has been rounded before we see it. Anything else is none at all.
    if (typeof error.data !== 'number' && typeof error.data !== 'string') {
      return new BadInput('validation_failed', 'a quantity is a string', 'quantity');
    }
    return new BadInput('invalid_quantity', 'a quantity is a decimal string such as "12.5"', 'quantity');
  }
  if (param === 'data' || param === 'properties') {
    return new BadInput('invalid_property', 'properties are at most 50 strings of at most 500 characters', param);
  }
  return new BadInput(codes[param] ?? 'validation_failed', `${param} is missing or not what it must be`, param);
}

/** A name that came from outside, fit to be shown again. */
const printable = (name: string): string => name.replace(/[^\x21-\x7e]|[<>&"'`]/g, '?').slice(0, 64);

/**
 * The event's canonical text: RFC 8785 over {data, id, source, subject?, time, type}. Two deliveries with the same text
 * are the same event; its SHA-256 is what the idempotency key is bound to.
 * @throws BadInput `invalid_encoding` for a lone surrogate
 */
export function canonicalEvent({ data, key, source, subject, time, type }: UsageEvent): string {
  const names = Object.keys(data);
  if (!isSorted(names)) names.sort();
  let members = '';
  for (let i = 0; i < names.length; i++) {
    members += `${i === 0 ? '' : ','}${textOf(names[i]!)}:${textOf(data[names[i]!]!)}`;
  }
  const about = subject === undefined ? '' : `,"subject":${textOf(subject)}`;
  return `{"data":{${members}},"id":${textOf(key)},"source":${textOf(source)}${about},"time":"${time}","type":${textOf(type)}}`;
}

// By UTF-16 code units, as RFC 8785 section 3.2.3 asks for and `sort` does.
function isSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) if (names[i - 1]! > names[i]!) return false;
  return true;
}

// Printable ASCII without quote and backslash is written as it stands; nearly every text is that.
const PLAIN = /^[ !#-[\]-~]*$/;
const textOf = (text: string): string => (PLAIN.test(text) ? `"${text}"` : canonicalJson(text));
