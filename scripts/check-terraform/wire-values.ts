import { decode, ExtensionCodec, encode } from '@msgpack/msgpack';

/** A value that Terraform does not know yet: it depends on a variable, or on what an apply would answer. */
export const UNKNOWN = Symbol('unknown');

/** A value of Terraform as JSON would have it, with holes. Sets and blocks are arrays. */
export type Value =
  | string
  | number
  | boolean
  | null
  | typeof UNKNOWN
  | readonly Value[]
  | { readonly [name: string]: Value };
export type Values = { readonly [name: string]: Value };

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);
export const isRecord = (value: Value | undefined): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Carries the unknown through msgpack, whose codec asks for objects. */
class Unknown {}
const unknown = new Unknown();

// Terraform's own extensions: 0 is an unknown value, 12 one of which something is known, such as "not null".
// https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/object-wire-format.md
const PLAIN_UNKNOWN = 0;
const REFINED_UNKNOWN = 12;

const codec = new ExtensionCodec();
codec.register({
  type: PLAIN_UNKNOWN,
  encode: (value) => (value instanceof Unknown ? new Uint8Array([0]) : null),
  decode: () => unknown,
});
codec.register({ type: REFINED_UNKNOWN, encode: () => null, decode: () => unknown });

/** Reads a value from the wire; null where there is no object at all. */
export const fromWire = (bytes: Uint8Array): Values | null => holes(decode(bytes, { extensionCodec: codec })) as Values;

export const toWire = (value: Value): Uint8Array => encode(marked(value), { extensionCodec: codec });

const holes = (value: unknown): Value => {
  if (value instanceof Unknown) return UNKNOWN;
  if (Array.isArray(value)) return value.map(holes);
  if (typeof value !== 'object' || value === null) return value as Value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, holes(inner)]));
};

const marked = (value: Value): unknown => {
  if (value === UNKNOWN) return unknown;
  if (isList(value)) return value.map(marked);
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, marked(inner)]));
};
