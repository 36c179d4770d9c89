import fc from 'fast-check';
import type { JsonSchema } from '../../shared/edge/http/operation.ts';

/** Values that members of these names have, whatever their schema would also admit. */
export type Named = Readonly<Record<string, unknown>>;

/**
 * The plainest value that a schema admits: required members only, the first alternative, the shortest list.
 * @param named values for members of these names, wherever they are required
 */
export function sampleOf(schema: JsonSchema, named: Named = {}): unknown {
  const { type, properties = {}, required = [], items = {}, minItems = 0, minProperties = 0 } = schema as SchemaParts;
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const [alternative] = (schema['anyOf'] ?? schema['oneOf'] ?? []) as readonly JsonSchema[];
  // What all alternatives share stands beside them.
  if (alternative !== undefined) return sampleOf({ ...(type === undefined ? {} : { type }), ...alternative }, named);
  switch ([type].flat()[0]) {
    case 'object': {
      const names = [...required, ...Object.keys(properties).filter((name) => !required.includes(name))];
      return Object.fromEntries(
        names
          .slice(0, Math.max(required.length, minProperties))
          .map((name) => [name, name in named ? named[name] : sampleOf(properties[name] ?? {}, named)]),
      );
    }
    case 'array':
      return Array.from({ length: minItems }, () => sampleOf(items, named));
    case 'integer':
      return schema['minimum'] ?? 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return textOf(schema);
  }
}

interface SchemaParts {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minProperties?: number;
}

function textOf({ pattern, minLength = 1, description }: JsonSchema): string {
  if (typeof description === 'string' && description.startsWith('RFC 3339')) return '2026-03-15T00:00:00Z';
  if (typeof pattern !== 'string') return 'x'.repeat(minLength as number);
  // The same every time: a matrix that fails must fail again.
  return fc.sample(fc.stringMatching(new RegExp(pattern), { size: 'xsmall' }), { seed: 7, numRuns: 1 })[0]!;
}
