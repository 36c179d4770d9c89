import { FORMS, type Form } from './forms.ts';
import { Unreadable } from './record.ts';

type Row<K extends string> = { readonly [name in K]: string };

/** Reads an object of exactly these members, each a string of its form. @throws Unreadable */
export function readRow<K extends string>(
  value: unknown,
  forms: Readonly<Record<K, Form | 'any'>>,
  what: string,
): Row<K> {
  if (typeof value !== 'object' || value === null) throw new Unreadable(`${what} is no object`);
  const names = Object.keys(forms) as K[];
  const members = value as Readonly<Record<string, unknown>>;
  if (Object.keys(members).length !== names.length) throw new Unreadable(`${what} has ${names.length} members`);
  for (const name of names) {
    const text = members[name];
    const form: Form | 'any' = forms[name];
    if (typeof text !== 'string' || (form !== 'any' && !FORMS[form](text)))
      throw new Unreadable(`${name} of ${what} is wrong`);
  }
  return members as Row<K>;
}

/** A list that an object has under a name. @throws Unreadable where it is none, or has none */
export function listOf(value: unknown, name: string): readonly unknown[] {
  const list = (value as Readonly<Record<string, unknown>> | null)?.[name];
  if (Array.isArray(list)) return list;
  throw new Unreadable(`${name} is no list`);
}
