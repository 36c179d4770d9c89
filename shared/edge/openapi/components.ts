import { isDeepStrictEqual } from 'node:util';
import type { JsonSchema } from '../http/operation.ts';

const ID = /^urn:tallystick:schema:([a-z][a-z0-9-]*)$/;
/** Keywords whose members are schemas under names of our choice, and keywords whose values are no schemas at all. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);
const LITERALS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required', 'discriminator']);

/** The named schemas of a document. Wherever one is embedded, the document refers to it. */
export class Components {
  readonly #schemas = new Map<string, JsonSchema>();

  /** The schema as the document has it: every schema with an `$id` inside it is a component. @throws Error where two schemas have one name */
  place(schema: JsonSchema): JsonSchema {
    const { $id, ...rest } = schema;
    const plain = this.#members(rest);
    if ($id === undefined) return plain;
    const name = nameOf($id);
    const known = this.#schemas.get(name);
    if (known !== undefined && !isDeepStrictEqual(known, plain)) throw new Error(`two schemas are called ${name}`);
    this.#schemas.set(name, plain);
    return { $ref: `#/components/schemas/${name}` };
  }

  /** By name, ascending. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #members(schema: JsonSchema): JsonSchema {
    const placed = Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [keyword, this.#value(keyword, value)]),
    );
    return withMapping(placed, schema);
  }

  #value(keyword: string, value: unknown): unknown {
    if (LITERALS.has(keyword)) return value;
    if (Array.isArray(value)) return value.map((item) => (isSchema(item) ? this.place(item) : item));
    if (!isSchema(value)) return value;
    if (!MAPS.has(keyword)) return this.place(value);
    return Object.fromEntries(
      Object.entries(value).map(([name, held]) => [name, isSchema(held) ? this.place(held) : held]),
    );
  }
}

/**
 * A discriminator of the document speaks of components and needs to be told which value means which (OpenAPI 3.1, Discriminator
 * Object); where the alternatives have no names there is none.
 */
function withMapping(placed: Record<string, unknown>, { oneOf, discriminator }: JsonSchema): JsonSchema {
  if (!isSchema(discriminator) || !Array.isArray(oneOf)) return placed;
  const { discriminator: _, ...rest } = placed;
  const property = String(discriminator['propertyName']);
  const mapping: Record<string, unknown> = {};
  for (const [place, alternative] of (oneOf as JsonSchema[]).entries()) {
    const reference = (placed['oneOf'] as JsonSchema[])[place]?.['$ref'];
    if (reference === undefined) return rest;
    const told = (alternative['properties'] as Record<string, JsonSchema> | undefined)?.[property] ?? {};
    for (const value of (told['enum'] as unknown[] | undefined) ?? [told['const']]) mapping[String(value)] = reference;
  }
  return { ...placed, discriminator: { propertyName: property, mapping } };
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function nameOf(id: unknown): string {
  const words = ID.exec(String(id))?.[1];
  if (words === undefined) throw new Error(`${String(id)} is no schema id`);
  return words
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
