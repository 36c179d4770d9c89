import { readFileSync } from 'node:fs';
import { readTar, writeTar } from '../../shared/domain/evidence/tar.ts';
import { VECTORS } from './keys.ts';
import { signManifest, takeStep } from './ops.ts';
import type { BaseName, Recipe, Step } from './recipe.ts';
import { relink, reseal } from './reseal.ts';
import { contentBytes, Workpiece } from './workpiece.ts';

export const goodBundle = (base: BaseName): Buffer => readFileSync(`${VECTORS}${base}.tar`);
const opened = (base: BaseName): Workpiece => new Workpiece(readTar(goodBundle(base)));

export const readRecipes = (): Recipe[] => JSON.parse(readFileSync(`${VECTORS}recipes.json`, 'utf8')) as Recipe[];

type TarStep = Extract<Step, { readonly op: `tar_${string}` }>;
const isTarStep = (step: Step): step is TarStep => step.op.startsWith('tar_');

/** Makes the bad bundle of a recipe: steps, signatures, tar, steps on the tar. */
export function makeBad({ base, steps, resign }: Pick<Recipe, 'base' | 'steps' | 'resign'>): Buffer {
  const piece = opened(base);
  for (const step of steps) if (!isTarStep(step)) takeStep(piece, step, opened);
  if (resign === 'all') {
    relink(piece, 1);
    reseal(piece, 'all');
  }
  if (resign !== 'none') signManifest(piece);
  const tar = writeTar([...piece.files].map(([path, bytes]) => ({ path, bytes })));
  return steps.filter(isTarStep).reduce(takeTarStep, tar);
}

const BLOCK = 512;
const END = Buffer.alloc(2 * BLOCK);

function takeTarStep(tar: Buffer, step: TarStep): Buffer {
  switch (step.op) {
    case 'tar_flip': {
      const bytes = Buffer.from(tar);
      bytes[step.offset < 0 ? bytes.length + step.offset : step.offset]! ^= step.xor;
      return bytes;
    }
    case 'tar_truncate':
      return tar.subarray(0, step.bytes);
    case 'tar_append':
      return Buffer.concat([tar, contentBytes(step)]);
    case 'tar_header': {
      const header = Buffer.from(memberOf(tar, step.file).subarray(0, BLOCK));
      header.set(contentBytes(step), step.offset);
      return withMember(tar, step.file, Buffer.concat([checksummed(header), memberOf(tar, step.file).subarray(BLOCK)]));
    }
    case 'tar_repeat':
      return withMember(tar, step.file, Buffer.concat([memberOf(tar, step.file), memberOf(tar, step.file)]));
    case 'tar_swap': {
      const [one, other] = [memberOf(tar, step.file), memberOf(tar, step.with)];
      const swapped = members(tar).map((member) => (member.equals(one) ? other : member.equals(other) ? one : member));
      return Buffer.concat([...swapped, END]);
    }
    case 'tar_many':
      return Buffer.concat([...manyFiles(tar, step.file, step.count), END]);
  }
}

/** Each file of a tar: header, bytes and padding. */
function members(tar: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; tar[at] !== 0; ) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    const end = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    found.push(tar.subarray(at, end));
    at = end;
  }
  return found;
}

const nameOf = (member: Buffer): string => member.toString('latin1', 0, member.indexOf(0));

function memberOf(tar: Buffer, file: string): Buffer {
  const member = members(tar).find((candidate) => nameOf(candidate) === file);
  if (member === undefined) throw new Error(`there is no ${file}`);
  return member;
}

const withMember = (tar: Buffer, file: string, other: Buffer): Buffer =>
  Buffer.concat([...members(tar).map((member) => (nameOf(member) === file ? other : member)), END]);

/** As many copies of a member as asked for, named `many/00000`, `many/00001`, … so that they stand in order. */
function manyFiles(tar: Buffer, file: string, count: number): Buffer[] {
  const member = memberOf(tar, file);
  return Array.from({ length: count }, (_, i) => {
    const copy = Buffer.from(member);
    copy.fill(0, 0, 100);
    copy.write(`many/${String(i).padStart(5, '0')}`, 'latin1');
    copy.set(checksummed(copy.subarray(0, BLOCK)), 0);
    return copy;
  });
}

/** A header with the checksum of what it now says. */
function checksummed(header: Buffer): Buffer {
  const block = Buffer.from(header);
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
