import type { Problem } from '../problems.ts';
import type { Resource } from '../resources.ts';

/** A broken policy, at the argument that breaks it. */
export const broken = (resource: Resource, message: string, path = '', occurrence = 0): Problem => ({
  check: 'policy',
  file: resource.file,
  line: resource.line(path, occurrence),
  message,
  ...(resource.address === undefined ? {} : { addresses: [resource.address] }),
});
