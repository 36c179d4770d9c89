import type { JsonSchema } from '../../shared/edge/http/operation.ts';
import { isJson, type OpenApiDocument } from '../../shared/edge/openapi/document.ts';
import { block, member, typeOf } from './types.ts';

interface OperationObject {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}
type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

/** An operation as the client sees it. */
interface Described extends OperationObject {
  readonly method: string;
  readonly path: string;
  readonly taken: readonly Parameter[];
}

/**
 * The client's types and table of operations, from the document alone: the same document gives the same bytes.
 * @returns TypeScript
 */
export function generateClient(document: OpenApiDocument): string {
  const operations = describedIn(document);
  const schemas = Object.entries(document.components.schemas);
  return [
    '// Written by `npm run build:client` from the OpenAPI document.',
    ...schemas.map(([name, schema]) => `${commentOf(schema)}export type ${name} = ${typeOf(schema)};`),
    `/** What each operation takes, and what it answers with. */\nexport interface Operations ${block(operations.map(signatureOf))}`,
    `/** How each operation is asked. */\nexport const OPERATIONS = ${block(operations.map(entryOf))} as const;`,
    '',
  ].join('\n\n');
}

function describedIn({ paths, components }: OpenApiDocument): Described[] {
  const shared = components['parameters'] as Readonly<Record<string, Parameter>>;
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, object]) => {
      const operation = object as unknown as OperationObject;
      const taken = operation.parameters.map((one) => ('$ref' in one ? shared[one.$ref.split('/').at(-1)!]! : one));
      return { ...operation, method: method.toUpperCase(), path, taken };
    }),
  );
  return all.sort((a, b) => (a.operationId < b.operationId ? -1 : 1));
}

const commentOf = ({ description }: JsonSchema): string =>
  typeof description === 'string' ? `/** ${description} */\n` : '';

/** The name by which the client takes a parameter: `Idempotency-Key` is `idempotency_key`. */
const argumentOf = (name: string): string => name.toLowerCase().replaceAll('-', '_');

function signatureOf(operation: Described): string {
  const { operationId, summary, taken, requestBody } = operation;
  const members = taken.map(({ name, required, description, schema }) =>
    member(argumentOf(name), description === undefined ? schema : { ...schema, description }, required, ' | undefined'),
  );
  const body = Object.values(requestBody?.content ?? {})[0]?.schema;
  if (body !== undefined) members.push(member('body', body, requestBody?.required === true));
  const input = members.length === 0 ? 'Readonly<Record<never, never>>' : block(members);
  return `/** ${summary} */\nreadonly ${operationId}: ${block([`readonly input: ${input};`, `readonly answer: ${answerOf(operation)};`])};`;
}

/** JSON where there is any; files are asked for by `file`. */
function answerOf({ responses }: Described): string {
  const types = successes(responses).map((content) => {
    const json = Object.entries(content ?? {}).find(([type]) => isJson(type))?.[1].schema;
    return json === undefined ? (content === undefined ? 'undefined' : 'Uint8Array') : typeOf(json);
  });
  return [...new Set(types)].join(' | ');
}

function entryOf(operation: Described): string {
  const { operationId, method, path, taken, requestBody, responses } = operation;
  const query = taken.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const accept = Object.keys(successes(responses)[0] ?? {});
  const facts = {
    method,
    path,
    query,
    consumes: Object.keys(requestBody?.content ?? {})[0] ?? null,
    accept: accept.find(isJson) ?? accept[0] ?? null,
  };
  const written = Object.entries(facts).map(([name, value]) => `${name}: ${sourceOf(value)}`);
  return `${operationId}: { ${written.join(', ')} },`;
}

const sourceOf = (value: unknown): string =>
  Array.isArray(value)
    ? `[${value.map((one) => `'${one}'`).join(', ')}]`
    : value === null
      ? 'null'
      : `'${String(value)}'`;

/** What an operation may answer with when all goes well; a redirection leads to the same. */
const successes = (responses: OperationObject['responses']): (Content | undefined)[] =>
  Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .map(([, { content }]) => content);
