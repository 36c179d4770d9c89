import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A type as Terraform writes it in JSON: `"string"`, `["set", "string"]`, `["object", { name: "string" }]`. */
export type CtyType =
  | 'string'
  | 'number'
  | 'bool'
  | readonly ['list' | 'set' | 'map', CtyType]
  | readonly ['object', Readonly<Record<string, CtyType>>];

export interface AttributeSchema {
  readonly type: CtyType;
  readonly required?: true;
  readonly optional?: true;
  readonly computed?: true;
  /** The only values it may have, where the provider's documentation lists them. */
  readonly values?: readonly string[];
}

export interface NestedSchema {
  /** `single` is for timeouts; a block that may occur once is a list of at most one. */
  readonly nesting: 'single' | 'list' | 'set';
  readonly min?: number;
  readonly max?: number;
  readonly block: BlockSchema;
}

export interface BlockSchema {
  readonly attributes: Readonly<Record<string, AttributeSchema>>;
  readonly blocks: Readonly<Record<string, NestedSchema>>;
}

export type TypeKind = 'provider' | 'resource' | 'data';

/** One line of the schema file. */
export interface TypeSchema extends BlockSchema {
  readonly kind: TypeKind;
  /** `google_pubsub_topic`; of the provider itself `google` */
  readonly type: string;
}

export interface ProviderSchema {
  readonly provider: BlockSchema;
  readonly resource: ReadonlyMap<string, BlockSchema>;
  readonly data: ReadonlyMap<string, BlockSchema>;
}

/** The release of hashicorp/google whose schema is kept here. The bindings end with it. */
export const PROVIDER_VERSION = '6.50.0';
export const SCHEMA_FILE = fileURLToPath(new URL(`schema/google-${PROVIDER_VERSION}.jsonl`, import.meta.url));

/** What puts more types into the schema file. */
export const REGENERATE = 'npm run check:terraform -- --regenerate-schema';

/** Reads the schema: one JSON object per line, the provider's own block first. */
export function readSchema(file = SCHEMA_FILE): ProviderSchema {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const types = lines.map((line) => JSON.parse(line) as TypeSchema);
  const ofKind = (wanted: TypeKind) => types.filter(({ kind }) => kind === wanted);
  const byName = (wanted: TypeKind) =>
    new Map(ofKind(wanted).map(({ type, attributes, blocks }) => [type, { attributes, blocks }]));
  const [provider] = ofKind('provider');
  if (provider === undefined) throw new Error(`${file} has no line for the provider`);
  return { provider, resource: byName('resource'), data: byName('data') };
}

/** The schema of these types alone: Terraform reads all that it is given, at every command. */
export const onlyTypes = (
  { provider, resource, data }: ProviderSchema,
  types: ReadonlySet<string>,
): ProviderSchema => ({
  provider,
  resource: new Map([...resource].filter(([type]) => types.has(type))),
  data: new Map([...data].filter(([type]) => types.has(type))),
});
