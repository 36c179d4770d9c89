import { type HclBody, type HclFile, type HclValue, isBody, isExpression, labelled } from './hcl.ts';
import { lineOf } from './hcl-lines.ts';
import type { BlockSchema, NestedSchema, ProviderSchema } from './schema.ts';
import { isList, isRecord, UNKNOWN, type Value, type Values } from './wire-values.ts';

/**
 * A resource or data source as the rules see it. There are two views of each: as it is written down, where everything
 * that has to be evaluated is unknown, and as Terraform plans it, where next to nothing is.
 */
export interface Resource {
  readonly kind: 'resource' | 'data';
  readonly type: string;
  readonly name: string;
  /** `module.topics.google_pubsub_topic.main["usage-accepted"]`; undefined in the written view */
  readonly address?: string;
  readonly values: Values;
  readonly lifecycle: Values;
  readonly file: string;
  /** The line of an argument by its path, `push_config.oidc_token`; of the resource itself where none is given. */
  line(path?: string, occurrence?: number): number;
}

/** The view of what is written down. `inDynamic` are contents of dynamic blocks, which occur an unknown number of times. */
export interface WrittenResource extends Resource {
  readonly schema: BlockSchema | undefined;
  readonly inDynamic: readonly { readonly path: string; readonly schema: BlockSchema; readonly values: Values }[];
}

/** All resources and data sources of a file, with the schema of their types. */
export function writtenResources(file: HclFile, schema: ProviderSchema): WrittenResource[] {
  const found: WrittenResource[] = [];
  for (const kind of ['resource', 'data'] as const) {
    for (const { labels, block } of labelled(file.body, kind, 2)) {
      const [type, name] = labels as [string, string];
      const own = schema[kind].get(type);
      const inDynamic: { path: string; schema: BlockSchema; values: Values }[] = [];
      found.push({
        kind,
        type,
        name,
        values: own === undefined ? {} : written(own, block, '', inDynamic),
        lifecycle: lifecycleOf(block),
        file: file.path,
        line: (path = '', occurrence = 0) =>
          lineOf(file.lines, [kind, type, name], path === '' ? [] : path.split('.'), occurrence),
        schema: own,
        inDynamic,
      });
    }
  }
  return found;
}

function lifecycleOf(block: HclBody): Values {
  const [lifecycle] = [block['lifecycle'] ?? null].flat();
  return isBody(lifecycle)
    ? Object.fromEntries(Object.entries(lifecycle).map(([name, value]) => [name, literal(value)]))
    : {};
}

function written(
  schema: BlockSchema,
  block: HclBody,
  path: string,
  inDynamic: { path: string; schema: BlockSchema; values: Values }[],
): Values {
  const values: Record<string, Value> = {};
  const below = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const [name, value] of Object.entries(block)) {
    const nested = schema.blocks[name];
    if (nested !== undefined) values[name] = nestedValue(nested, value, below(name), inDynamic);
    else if (schema.attributes[name] !== undefined) values[name] = literal(value);
  }
  for (const { labels, block: dynamic } of labelled(block, 'dynamic', 1)) {
    const [name] = labels as [string];
    const nested = schema.blocks[name];
    if (nested === undefined) continue;
    values[name] = UNKNOWN;
    for (const content of [dynamic['content'] ?? null].flat())
      if (isBody(content))
        inDynamic.push({
          path: below(name),
          schema: nested.block,
          values: written(nested.block, content, below(name), inDynamic),
        });
  }
  return values;
}

function nestedValue(
  nested: NestedSchema,
  value: HclValue,
  path: string,
  inDynamic: { path: string; schema: BlockSchema; values: Values }[],
): Value {
  const items = (Array.isArray(value) ? value : [value]).filter(isBody);
  const values = items.map((item) => written(nested.block, item, path, inDynamic));
  return nested.nesting === 'single' ? (values[0] ?? null) : values;
}

/** A literal as it is, an expression as the unknown. */
export function literal(value: HclValue): Value {
  if (typeof value === 'string')
    return isExpression(value) ? UNKNOWN : value.replaceAll('$${', '${').replaceAll('%%{', '%{');
  if (Array.isArray(value)) return value.map(literal);
  if (!isBody(value)) return value;
  if (Object.keys(value).some(isExpression)) return UNKNOWN;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, literal(inner)]));
}

/**
 * Every value at a path of a resource, through all repeated blocks; null for what is not given. An unknown block makes
 * everything below it unknown; a missing one makes it null.
 */
export function valuesAt(values: Values, path: string): readonly Found[] {
  let found: readonly Found[] = [{ value: values, occurrence: 0 }];
  for (const step of path.split('.')) found = found.flatMap((one) => below(one, step));
  return found;
}

interface Found {
  readonly value: Value;
  /** how many of its kind stand before it */
  readonly occurrence: number;
}

const below = ({ value, occurrence }: Found, step: string): Found[] =>
  elementsOf(value).map((element, at) => ({ value: stepInto(element, step), occurrence: occurrence + at }));

const elementsOf = (value: Value): readonly Value[] =>
  isList(value) ? (value.length === 0 ? [null] : value) : [value];

const stepInto = (value: Value, step: string): Value =>
  value === UNKNOWN ? UNKNOWN : isRecord(value) ? (value[step] ?? null) : null;

/** The one value at a path, of the first occurrence. */
export const valueAt = (values: Values, path: string): Value => valuesAt(values, path)[0]?.value ?? null;

/** A known text at a path, or undefined. */
export function textAt(values: Values, path: string): string | undefined {
  const value = valueAt(values, path);
  return typeof value === 'string' ? value : undefined;
}
