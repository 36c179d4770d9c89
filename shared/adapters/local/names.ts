import { isAbsolute, join } from 'node:path';

const LONGEST_NAME = 1024;
const LONGEST_PART = 200;
const PART = /^[A-Za-z0-9._-]+$/;

const isPart = (part: string): boolean =>
  part.length <= LONGEST_PART && PART.test(part) && part !== '.' && part !== '..';

/**
 * The path of an object inside its folder. Names come from our own code, so a bad one is a bug and not a refusal.
 * @param name parts of `a-z A-Z 0-9 . _ -` joined by `/`; none empty, none `.` or `..`, each up to 200 characters
 * @throws RangeError for any other name: it could point outside the folder, or mean different things to different stores
 */
export function pathOf(folder: string, name: string): string {
  if (name.length <= LONGEST_NAME && !isAbsolute(name) && name.split('/').every(isPart)) return join(folder, name);
  throw new RangeError(`${JSON.stringify(name)} cannot name an object`);
}

/**
 * Splits the start of a name into the deepest folder it is sure of. `a/b/c` is sure of `a/b` only: `a/b/cd` starts so too.
 * @throws RangeError where no name could start like this
 */
export function folderOfPrefix(folder: string, prefix: string): string {
  const parts = prefix.split('/');
  const last = parts.pop() ?? '';
  if (prefix.length <= LONGEST_NAME && parts.every(isPart) && (last === '' || PART.test(last))) {
    return join(folder, ...parts);
  }
  throw new RangeError(`${JSON.stringify(prefix)} cannot start an object's name`);
}

/** A tenant's own folder. @throws RangeError unless it is a single part that does not start with a dot */
export function tenantFolder(folder: string, tenant: string): string {
  if (isPart(tenant) && !tenant.startsWith('.')) return join(folder, tenant);
  throw new RangeError(`${JSON.stringify(tenant)} cannot name a tenant's folder`);
}
