import { CHOICES, type Choice, isGiven } from './choices.ts';
import type { Form } from './forms.ts';
import { LIMITS, LIMITS_BY_NAME, LIMITS_OF_GRANTS } from './limits.ts';
import type { AttributeSchema, BlockSchema } from './schema.ts';
import { isList, isRecord, UNKNOWN, type Value, type Values } from './wire-values.ts';

/** What is wrong with one argument or block, in the form that Terraform shows it. */
export interface Complaint {
  /** from the resource down: names of blocks and arguments, indexes of blocks */
  readonly path: readonly (string | number)[];
  readonly summary: string;
  readonly detail: string;
}

/**
 * What Google's provider or API would refuse and Terraform itself cannot know: values outside their list, numbers and
 * durations outside their range, what only the cloud may set, arguments that exclude or need each other.
 *
 * @param below path of the block that `block` and `config` are of, where they are not the whole resource
 */
export function complaintsAbout(type: string, block: BlockSchema, config: Values, below = ''): Complaint[] {
  const walk = new Walk(type);
  walk.block(block, config, below === '' ? [] : below.split('.'), below);
  return walk.complaints;
}

class Walk {
  readonly complaints: Complaint[] = [];
  readonly #type: string;
  readonly #limits: Readonly<Record<string, Form>>;
  readonly #choices: readonly Choice[];

  constructor(type: string) {
    this.#type = type;
    this.#limits = { ...(type.includes('_iam_') ? LIMITS_OF_GRANTS : {}), ...LIMITS[type] };
    this.#choices = CHOICES[type] ?? [];
  }

  /** @param at where the block is, with indexes; @param path the same without */
  block(schema: BlockSchema, values: Values, at: readonly (string | number)[], path: string): void {
    for (const [name, attribute] of Object.entries(schema.attributes))
      this.#attribute(attribute, name, values[name] ?? null, [...at, name], path === '' ? name : `${path}.${name}`);
    for (const choice of this.#choices) if ((choice.within ?? '') === path) this.#choice(choice, values, at);
    for (const [name, { block }] of Object.entries(schema.blocks)) {
      const inner = values[name] ?? null;
      const innerPath = path === '' ? name : `${path}.${name}`;
      if (isRecord(inner)) this.block(block, inner, [...at, name], innerPath);
      else if (isList(inner))
        for (const [index, item] of inner.entries())
          if (isRecord(item)) this.block(block, item, [...at, name, index], innerPath);
    }
  }

  #attribute(
    schema: AttributeSchema,
    name: string,
    value: Value,
    at: readonly (string | number)[],
    path: string,
  ): void {
    if (value === null) return;
    if (schema.computed === true && schema.optional !== true && schema.required !== true) {
      this.#complain(at, 'Read-only argument', `${path} is set by the cloud and cannot be configured`);
      return;
    }
    if (value === UNKNOWN) return;
    // Terraform sends a number that a double cannot hold exactly, 0.8 for one, as text.
    const read = schema.type === 'number' && typeof value === 'string' ? Number(value) : value;
    const form = this.#limits[path] ?? (path === name ? LIMITS_BY_NAME[name] : undefined);
    const fault = form?.(read) ?? notListed(schema, read);
    if (fault !== undefined)
      this.#complain(at, 'Unacceptable value', `${path} ${fault}, and is ${JSON.stringify(read)}`);
  }

  #choice(choice: Choice, values: Values, at: readonly (string | number)[]): void {
    const fault = choice.how === 'rule' ? choice.rule(values) : faultOfNumber(choice.how, choice.of, values);
    if (fault !== undefined) this.#complain(at, 'Arguments that do not go together', fault);
  }

  #complain(path: readonly (string | number)[], summary: string, what: string): void {
    this.complaints.push({ path, summary, detail: `${this.#type}: ${what}.` });
  }
}

function notListed({ values }: AttributeSchema, value: Value): string | undefined {
  if (values === undefined) return undefined;
  const given = isList(value) ? value : [value];
  const isSound = given.every((one) => typeof one !== 'string' || one === '' || values.includes(one));
  return isSound ? undefined : `must be one of ${values.join(', ')}`;
}

function faultOfNumber(how: string, of: readonly string[], values: Values): string | undefined {
  const given = of.filter((name) => isGiven(values[name]) === true);
  const mayBe = of.filter((name) => isGiven(values[name]) === undefined);
  if (given.length > 1 && how !== 'at least one')
    return `${given.join(' and ')} exclude each other: ${how} of ${of.join(', ')}`;
  if (given.length + mayBe.length === 0 && how !== 'at most one') return `${how} of ${of.join(', ')} must be given`;
  return undefined;
}
