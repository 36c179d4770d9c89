import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.ts') && statSync(join(ROOT, name)).isFile())
    .sort();
}

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

/** What a file imports: rooms as paths from the root, packages by name. */
function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)';/gms)) {
    const [, typeOnly, source] = match;
    const from = source!.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), source!)) : source!;
    found.push({ from, typeOnly: typeOnly !== undefined });
  }
  for (const match of text.matchAll(/import\(\s*'([^']+)'/g)) found.push({ from: match[1]!, typeOnly: false });
  return found;
}

/** Which way the arrows point. A room is a folder; a story is `functions/<name>/<name>.ts` and its neighbours. */
const ARROWS: Readonly<
  Record<string, { readonly rooms: readonly string[]; readonly packages: readonly string[] | 'any' }>
> = {
  // Pure: no clock, no chance, no network, no environment. jose only verifies and names keys; zlib only packs.
  'shared/domain': {
    rooms: ['shared/domain'],
    packages: ['ajv', 'jose', 'json-schema-to-ts', 'node:crypto', 'node:zlib', 'stdnum', 'temporal-polyfill'],
  },
  // Documents for people and their programs: pure like the domain, with libraries that draw and write.
  'shared/documents': { rooms: ['shared/documents', 'shared/domain'], packages: 'any' },
  'shared/ports': { rooms: ['shared/ports', 'shared/domain'], packages: [] },
  'shared/stores': {
    rooms: ['shared/stores', 'shared/domain', 'shared/ports'],
    packages: ['node:crypto', 'node:zlib'],
  },
  'shared/adapters': { rooms: ['shared/adapters', 'shared/domain', 'shared/ports'], packages: 'any' },
  // Whoever calls the API needs nothing else of ours.
  'shared/client': { rooms: ['shared/client'], packages: [] },
  // Authentication answers with a principal of the account store.
  'shared/edge': { rooms: ['shared/edge', 'shared/domain', 'shared/ports', 'shared/stores'], packages: 'any' },
};

describe('the house', () => {
  for (const [room, { rooms, packages }] of Object.entries(ARROWS)) {
    it(`lets ${room} reach ${rooms.join(', ')} and no further`, () => {
      for (const file of filesBelow(room)) {
        for (const { from } of importsOf(file)) {
          const isRoom = from.startsWith('shared/') || from.startsWith('functions/') || from.startsWith('scripts/');
          const allowed = isRoom
            ? rooms.some((prefix) => from.startsWith(`${prefix}/`))
            : packages === 'any' || packages.includes(from);
          assert.ok(allowed, `${file} imports ${from}`);
        }
      }
    });
  }

  it('lets a port be types only: nothing of it exists at run time but errors it names', () => {
    for (const file of filesBelow('shared/ports')) {
      for (const { from, typeOnly } of importsOf(file)) assert.ok(typeOnly, `${file} imports the values of ${from}`);
    }
  });

  it('lets a story know domain, ports and stores, and other stories that it continues', () => {
    for (const file of filesBelow('functions')) {
      const isEdge = /\/(?:handler|index|operation)\.ts$/.test(file) || file.startsWith('functions/api/');
      if (isEdge) continue;
      for (const { from } of importsOf(file)) {
        const allowed = ['shared/domain/', 'shared/ports/', 'shared/stores/', 'functions/'].some((room) =>
          from.startsWith(room),
        );
        assert.ok(allowed, `${file} imports ${from}`);
      }
    }
  });

  it('lets only wiring, index files and errands choose adapters', () => {
    for (const file of [...filesBelow('functions'), ...filesBelow('shared')]) {
      if (file.startsWith('shared/wiring/') || file.startsWith('shared/adapters/')) continue;
      for (const { from } of importsOf(file))
        assert.ok(!from.startsWith('shared/adapters/'), `${file} imports ${from}`);
    }
  });

  it('lets no errand but the count of operations and the tamper laboratory stand on what tests share', () => {
    for (const file of filesBelow('scripts')) {
      if (file === 'scripts/bench-operations.ts' || file.startsWith('scripts/bench/operations/')) continue;
      if (file.startsWith('scripts/tamper/')) continue;
      for (const { from } of importsOf(file)) assert.ok(!from.startsWith('test/'), `${file} imports ${from}`);
    }
  });

  it('has one folder per function with index, handler, story and README', () => {
    const names = readdirSync(join(ROOT, 'functions'));
    assert.deepEqual(names.sort(), [
      'api',
      'archive-period',
      'ingest',
      'reconcile-chain',
      'run-invoices',
      'seal-ledger',
      'sign-receipts',
    ]);
    for (const name of names) {
      const files = readdirSync(join(ROOT, 'functions', name));
      for (const wanted of ['index.ts', 'handler.ts', 'README.md'])
        assert.ok(files.includes(wanted), `${name}/${wanted}`);
      if (name !== 'api') assert.ok(files.includes(`${name}.ts`), `${name}/${name}.ts`);
      assert.match(readFileSync(join(ROOT, 'functions', name, 'index.ts'), 'utf8'), new RegExp(`http\\('${name}'`));
    }
  });

  it('reads the environment, the clock and chance in one place each', () => {
    const allowed: readonly (readonly [RegExp, readonly string[]])[] = [
      // Spanner's client reads three switches from the environment and nowhere else; only an emulator needs them.
      [/process\.env/, ['shared/wiring/own-platform.ts', 'shared/adapters/database/spanner-client.ts']],
      [/Math\.random|randomUUID|randomBytes/, []],
      [/Date\.now\(|new Date\(\)|performance\.now/, ['shared/adapters/local/clock.ts']],
      [/setTimeout|setInterval/, ['shared/adapters/local/clock.ts', 'shared/edge/http/refuse.ts']],
    ];
    for (const file of [...filesBelow('shared'), ...filesBelow('functions')]) {
      const code = withoutComments(readFileSync(join(ROOT, file), 'utf8'));
      for (const [pattern, files] of allowed) {
        assert.ok(!pattern.test(code) || files.includes(file), `${file} uses ${pattern.source}`);
      }
    }
  });

  it('keeps money and quantities out of floating point', () => {
    const money = ['money', 'pricing', 'invoice', 'usage', 'ledger'].flatMap((room) =>
      filesBelow(`shared/domain/${room}`),
    );
    for (const file of [...money, 'shared/domain/decimals.ts']) {
      const code = withoutComments(readFileSync(join(ROOT, file), 'utf8'));
      assert.doesNotMatch(code, /parseFloat|toFixed|\* 0\.|\* 1e|Math\.round/, file);
    }
  });

  it('leaves nothing unfinished and no check switched off', () => {
    for (const file of [
      ...filesBelow('shared'),
      ...filesBelow('functions'),
      ...filesBelow('scripts'),
      ...filesBelow('test'),
    ]) {
      if (file === 'test/house/arrows.test.ts') continue;
      const text = readFileSync(join(ROOT, file), 'utf8');
      assert.doesNotMatch(text, /TODO|FIXME|@ts-ignore|@ts-expect-error|@ts-nocheck|\bas any\b|: any\b/, file);
      assert.doesNotMatch(text, /catch\s*(\([a-z]*\))?\s*\{\s*\}/i, file);
    }
  });
});

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
