import { Ajv, type DefinedError, type Options, type ValidateFunction } from 'ajv';

/** Whether a value has a schema's shape; why not stands in `errors` until the next question. */
export interface SchemaCheck<T> {
  (value: unknown): value is T;
  readonly errors: readonly DefinedError[];
}

/**
 * A schema (JSON Schema draft-07) as a check, compiled when it is first asked: compiling them all took a quarter of a function's start,
 * and most starts need one of them or none.
 */
export function schemaCheck<T>(schema: object, options: Options = { strictTypes: false }): SchemaCheck<T> {
  let compiled: ValidateFunction<T> | undefined;
  const isSound = (value: unknown): value is T => {
    compiled ??= new Ajv(options).compile<T>(schema);
    return compiled(value);
  };
  return Object.defineProperty(isSound, 'errors', {
    // Of the keywords that are in these schemas, whose errors ajv types one by one.
    get: () => (compiled?.errors as DefinedError[] | null | undefined) ?? [],
  }) as SchemaCheck<T>;
}
