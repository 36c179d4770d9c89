import type { AttributeSchema, BlockSchema, CtyType, NestedSchema, TypeKind, TypeSchema } from './schema.ts';

/**
 * Reads the schema back out of the generated TypeScript of `@cdktf/provider-google`. The generator was regular:
 *
 * - a class per type and per block; before every accessor `// <name> - computed: b, optional: b, required: b`
 * - the accessor's body tells the type: `getNumberAttribute`, `Fn.tolist(getListAttribute)` (a set), `new XList(..., wrapsSet)`
 * - `XOutputReference` with index 0 is a block of at most one, without index a single one, `XList` any number of them
 * - what can be set and has a class is a block; what cannot be set and has a class is an attribute of objects
 * - "Possible values: [...]" in the documentation of an argument lists all of them
 */
export function readBindings(source: string): TypeSchema {
  const classes = classesOf(source);
  const main = classes.find(({ base }) => base.startsWith('cdktf.Terraform'));
  if (main === undefined) throw new Error('the bindings have no class of a resource, data source or provider');
  const kind = KINDS[main.base];
  const type = /tfResourceType = "(\w+)"/.exec(main.body)?.[1];
  if (kind === undefined || type === undefined) throw new Error(`${main.name} is of no kind that is known here`);
  const reader = new Reader(new Map(classes.map((one) => [one.name, one])), valuesOf(source));
  return { kind, type, ...reader.block(main, `${main.name}Config`) };
}

const KINDS: Readonly<Record<string, TypeKind>> = {
  'cdktf.TerraformProvider': 'provider',
  'cdktf.TerraformResource': 'resource',
  'cdktf.TerraformDataSource': 'data',
};

interface Class {
  readonly name: string;
  readonly base: string;
  readonly body: string;
}

function classesOf(source: string): Class[] {
  return [...source.matchAll(/^export class (\w+) extends ([\w.]+) \{\n([\s\S]*?)^\}/gm)].map(
    ([, name, base, body]) => ({
      name: name!,
      base: base!,
      body: body!,
    }),
  );
}

/** Listed values by `Interface#argument`. */
function valuesOf(source: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [, name, body] of source.matchAll(/^export interface (\w+) [^\n]*\{\n([\s\S]*?)^\}/gm)) {
    for (const [, text, argument] of body!.matchAll(/\/\*\*\n([\s\S]*?)#(\w+) \w+#\w+\}\n[\s\S]*?\*\//g)) {
      const list = /Possible values: \[([^\]]*)\]/.exec(text!.replace(/\n\s*\* ?/g, ' '))?.[1];
      const values = [...(list ?? '').matchAll(/["']([^"']*)["']/g)].map(([, value]) => value!);
      if (values.length > 0) found.set(`${name}#${argument}`, values);
    }
  }
  return found;
}

const ACCESSOR =
  /^ {2}\/\/ (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n([\s\S]*?)(?=^ {2}\/\/ \w+ - computed|^ {2}\/\/ =====|$(?![\s\S]))/gm;

// Blocks of the provider itself (batching, external_credentials) have no accessors of their own to be read from.
const OWN_BLOCK = /private _\w+\?: GoogleProvider\w+\[\]/;

class Reader {
  readonly #classes: ReadonlyMap<string, Class>;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(classes: ReadonlyMap<string, Class>, values: ReadonlyMap<string, readonly string[]>) {
    this.#classes = classes;
    this.#values = values;
  }

  block(one: Class, documentedBy: string): BlockSchema {
    const attributes: Record<string, AttributeSchema> = {};
    const blocks: Record<string, NestedSchema> = {};
    for (const [, name, computed, optional, required, body] of one.body.matchAll(ACCESSOR)) {
      if (OWN_BLOCK.test(body!)) continue;
      const nested = /= new (\w+?)(OutputReference|List)\(this, "\w+"(?:, (true|false))?\)/.exec(body!);
      const canBeSet = optional === 'true' || required === 'true';
      if (nested !== null && canBeSet) {
        blocks[name!] = this.#nested(nested[1]!, nested[2] === 'List', nested[3] === 'true', required === 'true');
        continue;
      }
      const values = this.#values.get(`${documentedBy}#${name}`);
      const type = nested === null ? typeOf(body!) : this.#objects(nested[1]!, nested[3] === 'true');
      attributes[name!] = {
        type,
        ...(required === 'true' ? { required: true } : {}),
        ...(optional === 'true' ? { optional: true } : {}),
        ...(computed === 'true' ? { computed: true } : {}),
        ...(values === undefined || !canBeSet ? {} : { values }),
      };
    }
    return { attributes: sorted(attributes), blocks: sorted(blocks) };
  }

  #class(name: string): Class {
    const found = this.#classes.get(name);
    if (found === undefined) throw new Error(`the bindings speak of ${name} and have no such class`);
    return found;
  }

  #nested(name: string, isList: boolean, isSet: boolean, isRequired: boolean): NestedSchema {
    const reference = this.#class(`${name}OutputReference`);
    const isSingle = !isList && /super\(terraformResource, terraformAttribute, false\);/.test(reference.body);
    return {
      nesting: isSingle ? 'single' : isSet ? 'set' : 'list',
      ...(isRequired ? { min: 1 } : {}),
      ...(isList || isSingle ? {} : { max: 1 }),
      block: this.block(reference, name),
    };
  }

  /** A read-only list of objects. */
  #objects(name: string, isSet: boolean): CtyType {
    const { attributes } = this.block(this.#class(`${name}OutputReference`), name);
    const fields = Object.entries(attributes).map(([field, { type }]) => [field, type] as const);
    return [isSet ? 'set' : 'list', ['object', Object.fromEntries(fields)]];
  }
}

const TYPES: readonly (readonly [RegExp, CtyType])[] = [
  [/Fn\.tolist\(this\.getNumberListAttribute/, ['set', 'number']],
  [/Fn\.tolist\(this\.getListAttribute/, ['set', 'string']],
  [/this\.getNumberListAttribute/, ['list', 'number']],
  [/this\.getListAttribute/, ['list', 'string']],
  [/new cdktf\.StringMap|this\.getStringMapAttribute/, ['map', 'string']],
  [/new cdktf\.NumberMap|this\.getNumberMapAttribute/, ['map', 'number']],
  [/new cdktf\.BooleanMap|this\.getBooleanMapAttribute/, ['map', 'bool']],
  [/this\.getNumberAttribute/, 'number'],
  [/this\.getBooleanAttribute/, 'bool'],
  [/this\.getStringAttribute/, 'string'],
  // The provider's own block has no references, so its fields' declarations have to do.
  [/private _\w+\?: string\[\]/, ['list', 'string']],
  [/private _\w+\?: \{ \[key: string\]: string \}/, ['map', 'string']],
  [/private _\w+\?: boolean/, 'bool'],
  [/private _\w+\?: number/, 'number'],
  [/private _\w+\?: string/, 'string'],
];

function typeOf(body: string): CtyType {
  const found = TYPES.find(([pattern]) => pattern.test(body));
  if (found === undefined) throw new Error(`an accessor of a form that is not known here:\n${body}`);
  return found[1];
}

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
