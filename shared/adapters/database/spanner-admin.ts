import { TryAgain } from '../../domain/errors.ts';
import { type KeptSchema, type KeptTable, plainExpression } from './kept-schema.ts';
import { openSpannerClient, type SpannerClient, type SpannerPlace } from './spanner-client.ts';

const ALREADY_EXISTS = 6;

/** What only errands do: schema, and on an emulator the database itself. The functions' service accounts may do none of it. */
export class SpannerAdmin {
  readonly #client: SpannerClient;
  readonly #place: SpannerPlace;

  private constructor(client: SpannerClient, place: SpannerPlace) {
    this.#client = client;
    this.#place = place;
  }

  static open(place: SpannerPlace): SpannerAdmin {
    return new SpannerAdmin(openSpannerClient(place), place);
  }

  /**
   * Makes instance and database where they are missing. On an emulator only: in Google Cloud both are Terraform's, with
   * their backups, keys and drop protection.
   * @param statements applied with the making of the database, if it is made
   */
  async create(statements: readonly string[] = []): Promise<void> {
    const { emulatorHost, instance, database } = this.#place;
    if (emulatorHost === undefined) throw new Error('instances and databases of Google Cloud are made by Terraform');
    await unlessThere(async () => {
      const config = { config: 'emulator-config', nodes: 1, displayName: instance };
      const [, operation] = await this.#client.spanner.createInstance(instance, config);
      await operation.promise();
    });
    await unlessThere(async () => {
      const extra = { extraStatements: [...statements] };
      const [, operation] = await this.#client.spanner.instance(instance).createDatabase(database, extra);
      await operation.promise();
    });
  }

  /** Applies statements in order and waits until each is in force; an index until it is filled. */
  async apply(statements: readonly string[]): Promise<void> {
    if (statements.length === 0) return;
    const [operation] = await this.#client.database
      .updateSchema({ statements: [...statements] })
      .catch((error: unknown) => {
        // Two runs that begin at once meet here before either has the lease.
        if (/concurrent schema change/i.test(String(error))) {
          throw new TryAgain('another run is changing the tables now', 5, { cause: error });
        }
        throw error;
      });
    await operation.promise();
  }

  async schema(): Promise<KeptSchema> {
    const [tables, columns, indexed] = await Promise.all([
      this.#query(
        `SELECT table_name AS name, parent_table_name AS parent, row_deletion_policy_expression AS policy
         FROM information_schema.tables WHERE table_schema = ''`,
      ),
      this.#query(
        `SELECT table_name AS name, column_name AS col, spanner_type AS type, is_nullable AS nullable,
           generation_expression AS generated
         FROM information_schema.columns WHERE table_schema = '' ORDER BY table_name, ordinal_position`,
      ),
      this.#query(
        `SELECT table_name AS name, index_name AS idx, column_name AS col, indexes.index_state AS state
         FROM information_schema.index_columns
           JOIN information_schema.indexes USING (table_schema, table_name, index_name)
         WHERE table_schema = '' AND ordinal_position IS NOT NULL ORDER BY name, idx, ordinal_position`,
      ),
    ]);
    return new Map(tables.map((table) => [text(table, 'name'), keptTable(table, columns, indexed)]));
  }

  /** Removes the database. @throws Error outside an emulator */
  async drop(): Promise<void> {
    if (this.#place.emulatorHost === undefined)
      throw new Error('databases of Google Cloud are never dropped from here');
    await this.#client.database.delete();
  }

  async close(): Promise<void> {
    await this.#client.database.close();
    await this.#client.spanner.close();
  }

  async #query(sql: string): Promise<InformationRow[]> {
    const gaxOptions = { timeout: 30_000, retryRequestOptions: { noResponseRetries: 0 } };
    const [rows] = await this.#client.database.run({ sql, json: true, gaxOptions });
    return rows as unknown as InformationRow[];
  }
}

type InformationRow = Readonly<Record<string, string | null>>;

const text = (row: InformationRow, name: string): string => row[name] ?? '';

function keptTable(
  table: InformationRow,
  columns: readonly InformationRow[],
  indexed: readonly InformationRow[],
): KeptTable {
  const name = text(table, 'name');
  const indexes = new Map<string, string[]>();
  for (const row of indexed.filter((other) => other['name'] === name)) {
    const index = text(row, 'idx');
    // An index that is still being filled cannot be read, so it is not the wanted one yet.
    const state = [null, 'READ_WRITE'].includes(row['state'] ?? null) ? '' : ` (${row['state']})`;
    indexes.set(index, [...(indexes.get(index) ?? []), text(row, 'col') + state]);
  }
  const key = indexes.get('PRIMARY_KEY') ?? [];
  indexes.delete('PRIMARY_KEY');
  return {
    columns: new Map(
      columns
        .filter((column) => column['name'] === name)
        .map((column) => {
          const expression = column['generated'] ?? null;
          const generated = expression === null ? '' : ` AS (${plainExpression(expression)})`;
          const required = text(column, 'nullable') === 'NO' ? ' NOT NULL' : '';
          return [text(column, 'col'), `${text(column, 'type')}${generated}${required}`];
        }),
    ),
    key,
    indexes,
    parent: table['parent'] || undefined,
    deletionPolicy: table['policy'] == null ? undefined : plainExpression(table['policy']),
  };
}

async function unlessThere(make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if ((error as { code?: unknown }).code !== ALREADY_EXISTS) throw error;
  }
}
