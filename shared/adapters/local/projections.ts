import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Projection, ProjectionKind, Projections } from '../../ports/projections.ts';
import { requireId, requireProjection } from '../projection-rules.ts';
import { DurableFiles, isAbsent, readIfPresent } from './files.ts';
import { tenantFolder } from './names.ts';
import { inTurn } from './turns.ts';

const MODE = 0o644;
const SUFFIX = '.json';

/**
 * Read models as files `<tenant>/<kind>/<id>.json`, replaced whole. That a stale one never overwrites holds within one
 * process: the folder belongs to the one that owns the embedded store. Nothing expires.
 */
export class FileProjections implements Projections {
  readonly #files: DurableFiles;
  readonly #folder: string;

  private constructor(files: DurableFiles, folder: string) {
    this.#files = files;
    this.#folder = resolve(folder);
  }

  static async open({ folder }: { readonly folder: string }): Promise<FileProjections> {
    return new FileProjections(await DurableFiles.open(folder), folder);
  }

  async put(tenant: string, kind: ProjectionKind, id: string, projection: Projection): Promise<'written' | 'stale'> {
    requireProjection(projection);
    const path = this.#pathOf(tenant, kind, id);
    return inTurn(path, async () => {
      const held = await readProjection(path);
      if (held !== undefined && held.version > projection.version) return 'stale';
      await this.#files.replace(path, Buffer.from(JSON.stringify(projection), 'utf8'), MODE);
      return 'written';
    });
  }

  async read(tenant: string, kind: ProjectionKind, id: string): Promise<Projection | undefined> {
    return readProjection(this.#pathOf(tenant, kind, id));
  }

  async list(tenant: string, kind: ProjectionKind): Promise<string[]> {
    try {
      const files = await readdir(join(tenantFolder(this.#folder, tenant), kind));
      return files
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
        .sort();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  #pathOf(tenant: string, kind: ProjectionKind, id: string): string {
    requireId(id);
    return join(tenantFolder(this.#folder, tenant), kind, id + SUFFIX);
  }
}

async function readProjection(path: string): Promise<Projection | undefined> {
  const bytes = await readIfPresent(path);
  return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString('utf8')) as Projection);
}
