import { readFileSync } from 'node:fs';

/** Reads a file of `test/vectors/published`; its README says where each value was published. */
export const published = <Shape>(name: string): Shape =>
  JSON.parse(readFileSync(new URL(`../vectors/published/${name}.json`, import.meta.url), 'utf8')) as Shape;
