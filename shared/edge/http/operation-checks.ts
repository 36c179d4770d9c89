import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { BadInput } from '../../domain/errors.ts';
import type { JsonSchema } from './operation.ts';
import { type Fault, Refusal } from './problem.ts';

/** Above it only the first fault of a body is looked for: a body of faults would make an error of each of its bytes. */
const ALL_FAULTS_MAX_BYTES = 64 * 1024;
const FAULTS_MAX = 20;

const OPTIONS = {
  strict: true,
  strictTypes: false,
  strictRequired: false,
  allowUnionTypes: true,
  discriminator: true,
} as const;
const firstOnly = new Ajv(OPTIONS);
const every = new Ajv({ ...OPTIONS, allErrors: true });
// A query is text; a schema may still say integer.
const texts = new Ajv({ ...OPTIONS, coerceTypes: true });

/** A check that is compiled when it is first needed: a function that starts has better things to do. */
const lazily = (ajv: Ajv, schema: JsonSchema): (() => ValidateFunction) => {
  let compiled: ValidateFunction | undefined;
  return () => (compiled ??= ajv.compile(withoutIds(schema)));
};

/** Checks a body. @throws Refusal `validation_failed`, or `unknown_field` where nothing else is wrong; names everything in a small body */
export function bodyCheck(schema: JsonSchema): (body: unknown, bytes: number) => void {
  const quick = lazily(firstOnly, schema);
  const thorough = lazily(every, schema);
  return (body, bytes) => {
    const isSound = quick();
    if (isSound(body)) return;
    const complaints = bytes > ALL_FAULTS_MAX_BYTES ? quick() : thorough();
    complaints(body);
    const errors = faultsOf(complaints.errors ?? isSound.errors ?? []);
    const { detail, param } = errors[0]!;
    const code = errors.every((fault) => fault.code === 'unknown_field') ? 'unknown_field' : 'validation_failed';
    throw new Refusal(code, detail, { ...(param === undefined ? {} : { param }), errors });
  };
}

/** Checks the query. @throws BadInput `invalid_parameter` */
export function queryCheck(schemas: Readonly<Record<string, JsonSchema>>): (query: Record<string, string>) => void {
  const check = lazily(texts, { type: 'object', properties: schemas });
  return (query) => {
    const isSound = check();
    // Coercion writes into what it is given; the handler gets text.
    if (isSound({ ...query })) return;
    const { param, detail } = faultsOf(isSound.errors ?? [])[0]!;
    throw new BadInput('invalid_parameter', detail, param);
  };
}

/** Checks the path's parameters. @throws BadInput `not_found`: what no id can be, nothing is named by */
export function pathCheck(schemas: Readonly<Record<string, JsonSchema>>): (params: Record<string, string>) => void {
  const check = lazily(firstOnly, { type: 'object', properties: schemas, required: Object.keys(schemas) });
  return (params) => {
    if (!check()(params)) throw new BadInput('not_found', 'nothing is here');
  };
}

/** Compares an answer with its schema. @throws Error: our fault */
export function answerCheck(schema: JsonSchema): (answer: unknown) => void {
  const check = lazily(every, schema);
  return (answer) => {
    // What is sent, without the members that JSON leaves out.
    if (check()(JSON.parse(JSON.stringify(answer)))) return;
    throw new Error(`the answer is not what the document says: ${JSON.stringify(check().errors?.slice(0, 3))}`);
  };
}

/** Ids name components of the document. Here they would only stand in each other's way where a schema is embedded twice. */
function withoutIds(schema: JsonSchema): JsonSchema {
  const copy = (value: unknown, isSchema: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => copy(item, isSchema));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name, held]) => !(isSchema && name === '$id' && typeof held === 'string'))
        .map(([name, held]) => [
          name,
          LITERALS.has(name) && isSchema ? held : copy(held, !isSchema || !MAPS.has(name)),
        ]),
    );
  };
  return copy(schema, true) as JsonSchema;
}

/** Keywords whose members are schemas under names of our choice, and keywords whose values are no schemas at all. */
const MAPS: ReadonlySet<string> = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);
const LITERALS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples', 'required']);

function faultsOf(errors: readonly ErrorObject[]): Fault[] {
  return errors.slice(0, FAULTS_MAX).map((error) => {
    const inside = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
    const named = error.params as { readonly missingProperty?: string; readonly additionalProperty?: string };
    const name = named.missingProperty ?? named.additionalProperty;
    const param = printable([inside, ...(name === undefined ? [] : [name])].filter((part) => part !== '').join('.'));
    const code = error.keyword === 'additionalProperties' ? 'unknown_field' : 'validation_failed';
    return { code, detail: saying(error), ...(param === '' ? {} : { param }) } as const;
  });
}

function saying({ keyword, message = 'is not valid', params }: ErrorObject): string {
  if (keyword === 'additionalProperties') return 'this field is not part of the form';
  if (keyword === 'required') return 'this field is missing';
  if (keyword === 'enum')
    return `this must be one of ${(params as { allowedValues: unknown[] }).allowedValues.join(', ')}`;
  if (keyword === 'const') return `this must be ${String((params as { allowedValue: unknown }).allowedValue)}`;
  return `this ${message}`;
}

/** Names that came from outside, fit to be shown again: nothing in them can be taken for a line's end or for a tag. */
const printable = (text: string): string => text.replaceAll(/[\p{C}\p{Zl}\p{Zp}<>&"'`]/gu, '?').slice(0, 100);
