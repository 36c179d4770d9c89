import { join, resolve } from 'node:path';
import type { Projection, ProjectionKind, Projections } from '../../ports/projections.ts';
import { requireId, requireProjection } from '../projection-rules.ts';
import { type EarlierFile, earlierFiles, takeInEarlier } from './earlier-files.ts';
import { KeptFile, type Rest } from './kept-file.ts';
import { tenantFolder } from './names.ts';

const SCHEMA = `CREATE TABLE IF NOT EXISTS models (
  tenant TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, projection TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, id)) STRICT, WITHOUT ROWID;`;
const PUT = `INSERT INTO models (tenant, kind, id, version, projection) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET version = excluded.version, projection = excluded.projection WHERE excluded.version >= version`;
const READ = 'SELECT projection FROM models WHERE tenant = ? AND kind = ? AND id = ?';
const LIST = 'SELECT id FROM models WHERE tenant = ? AND kind = ? ORDER BY id';
const KINDS: readonly string[] = ['invoices', 'usage_summaries'] satisfies ProjectionKind[];
const SUFFIX = '.json';

interface Named {
  readonly kind: ProjectionKind;
  readonly id: string;
}

export interface LocalProjectionsOptions {
  readonly folder: string;
  /** How long what comes is collected after other has been kept. */
  readonly rest?: Rest | undefined;
}

/** Read models in one SQLite file, `models.db`; those that come together share a commit and its sync. Nothing expires. */
export class LocalProjections implements Projections {
  readonly #file: KeptFile;
  readonly #folder: string;

  private constructor(file: KeptFile, folder: string) {
    this.#file = file;
    this.#folder = folder;
  }

  /** Opens it, making it where it is missing. Read models that an earlier version left as files are taken in first. */
  static async open({ folder, rest }: LocalProjectionsOptions): Promise<LocalProjections> {
    const root = resolve(folder);
    const projections = new LocalProjections(KeptFile.open(join(root, 'models.db'), SCHEMA, rest), root);
    await takeInEarlier(root, earlierFiles(root, 2, modelOf), async ({ tenant, key: { kind, id }, bytes }) => {
      await projections.put(tenant, kind, id, JSON.parse(Buffer.from(bytes).toString('utf8')) as Projection);
    });
    return projections;
  }

  async put(tenant: string, kind: ProjectionKind, id: string, projection: Projection): Promise<'written' | 'stale'> {
    this.#require(tenant, id);
    requireProjection(projection);
    const text = JSON.stringify(projection);
    return this.#file.write(() =>
      this.#file.run(PUT, tenant, kind, id, projection.version, text) === 1 ? 'written' : 'stale',
    );
  }

  async read(tenant: string, kind: ProjectionKind, id: string): Promise<Projection | undefined> {
    this.#require(tenant, id);
    const row = this.#file.get(READ, tenant, kind, id);
    return row === undefined ? undefined : (JSON.parse(String(row['projection'])) as Projection);
  }

  async list(tenant: string, kind: ProjectionKind): Promise<string[]> {
    tenantFolder(this.#folder, tenant);
    return this.#file.all(LIST, tenant, kind).map((row) => String(row['id']));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #require(tenant: string, id: string): void {
    tenantFolder(this.#folder, tenant);
    requireId(id);
  }
}

function modelOf([tenant = '', kind = '', name = '']: readonly string[]): EarlierFile<Named> | undefined {
  if (!KINDS.includes(kind) || !name.endsWith(SUFFIX)) return undefined;
  return { tenant, key: { kind: kind as ProjectionKind, id: name.slice(0, -SUFFIX.length) } };
}
