import type { JsonSchema } from '../../shared/edge/http/operation.ts';

const REFERENCE = '#/components/schemas/';

/** The TypeScript type of a schema of the document. Bounds and patterns have none; they are the server's to check. */
export function typeOf(schema: JsonSchema): string {
  const { $ref, allOf } = schema as { readonly $ref?: string; readonly allOf?: readonly JsonSchema[] };
  if ($ref !== undefined) return $ref.slice(REFERENCE.length);
  if (allOf !== undefined) return allOf.map((part) => braced(typeOf(part))).join(' & ');
  const alternatives = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined;
  if (alternatives !== undefined) return union(alternatives.map(typeOf));
  if ('const' in schema) return literal(schema['const']);
  if (Array.isArray(schema['enum'])) return union(schema['enum'].map(literal));
  const { type } = schema;
  if (Array.isArray(type)) return union(type.map((one: string) => simple(one, schema)));
  return typeof type === 'string' ? simple(type, schema) : 'unknown';
}

function simple(type: string, schema: JsonSchema): string {
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `readonly ${braced(typeOf((schema['items'] ?? {}) as JsonSchema))}[]`;
    case 'object':
      return objectType(schema);
    default:
      throw new Error(`no type is known for ${type}`);
  }
}

function objectType(schema: JsonSchema): string {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>);
  const required = new Set((schema['required'] ?? []) as string[]);
  const more = schema['additionalProperties'];
  if (properties.length === 0) {
    const held = typeof more === 'object' && more !== null ? typeOf(more as JsonSchema) : 'unknown';
    return more === false ? 'Readonly<Record<string, never>>' : `Readonly<Record<string, ${held}>>`;
  }
  const members = properties.map(([name, held]) => member(name, held, required.has(name)));
  // Some members have names of the caller's own: their types cannot be told apart from the others'.
  const isOpen = 'patternProperties' in schema || more !== false;
  return block([...members, ...(isOpen ? ['readonly [name: string]: unknown;'] : [])]);
}

/**
 * One member, with what the schema says of it.
 * @param absent what stands for a member that is left out, where something may
 */
export function member(name: string, schema: JsonSchema, isRequired: boolean, absent = ''): string {
  const key = /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : `'${name}'`;
  const { description } = schema;
  const comment = typeof description === 'string' ? `/** ${description} */\n` : '';
  return `${comment}readonly ${key}${isRequired ? '' : '?'}: ${typeOf(schema)}${isRequired ? '' : absent};`;
}

export const block = (members: readonly string[]): string => `{\n${members.map(indent).join('\n')}\n}`;

const indent = (text: string): string =>
  text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

const union = (types: readonly string[]): string => [...new Set(types)].map(braced).join(' | ');
const braced = (type: string): string => (/[|&]/.test(type) && !/^[{(]/.test(type) ? `(${type})` : type);
const literal = (value: unknown): string =>
  typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : String(value);
