import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { statusFor } from '../../shared/domain/errors.ts';
import { FORMS } from '../../shared/domain/ledger/forms.ts';
import { ENTRY_KINDS, RESERVED_KINDS } from '../../shared/domain/ledger/kinds.ts';
import { VARIABLES } from '../../shared/edge/config.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the documents', () => {
  it('print the same table of entry kinds as the code has', () => {
    const format = read('docs/receipt-format.md');
    const table = format.slice(
      format.indexOf('<!-- entry-kinds:begin -->'),
      format.indexOf('<!-- entry-kinds:end -->'),
    );
    const rows = new Map(
      table
        .split('\n')
        .filter((line) => line.startsWith('| `') || line.startsWith('| common'))
        .map((line) => {
          const [, kind = '', status = '', members = ''] = line.split('|').map((cell) => cell.trim());
          const fields = [...members.matchAll(/`([a-z_]+)` ([a-z_?]+)/g)].map((match) => `${match[1]} ${match[2]}`);
          return [kind.replaceAll('`', ''), { status, fields }];
        }),
    );
    const common = Object.entries(ENTRY_KINDS.genesis).map(([name, form]) => `${name} ${form}`);
    assert.deepEqual(rows.get('common')?.fields, common);
    assert.deepEqual([...rows.keys()].slice(1), Object.keys(ENTRY_KINDS));
    for (const [kind, fields] of Object.entries(ENTRY_KINDS)) {
      const own = Object.entries(fields)
        .filter(([name]) => !(name in ENTRY_KINDS.genesis))
        .map(([name, form]) => `${name} ${form}`);
      assert.deepEqual(rows.get(kind)?.fields, own.sort(), kind);
      assert.equal(
        rows.get(kind)?.status,
        RESERVED_KINDS.some((reserved) => reserved === kind) ? 'reserved' : 'issued',
        kind,
      );
    }
  });

  it('describe every form a field can have', () => {
    const format = read('docs/receipt-format.md');
    for (const form of Object.keys(FORMS)) assert.ok(format.includes(`| \`${form}\` |`), form);
  });

  it('name every error code in the README or the API page', () => {
    const pages = read('README.md') + read('docs/api.md');
    for (const code of Object.keys(statusFor)) assert.ok(pages.includes(`\`${code}\``), code);
  });

  it('print the same table of environment variables as the code has', () => {
    const rows = read('docs/configuration.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim().replaceAll('`', ''))
          .slice(1, -1),
      );
    assert.deepEqual(
      rows,
      Object.values(VARIABLES).map(({ name, meaning, unit = '', fallback, needed, readBy }) => [
        ...[name, meaning, unit],
        ...[[fallback, needed === true ? 'needed' : ''].filter((text) => text !== '').join('; '), readBy],
      ]),
    );
  });

  it('link only to files that exist', () => {
    const pages = [
      'README.md',
      ...markdownBelow('docs'),
      ...markdownBelow('functions'),
      ...markdownBelow('shared'),
      ...markdownBelow('test'),
      ...markdownBelow('scripts'),
    ];
    for (const page of pages) {
      for (const match of read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        assert.ok(existsSync(resolve(ROOT, dirname(page), match[1]!)), `${page} links to ${match[1]}`);
      }
    }
  });

  it('give every script of package.json a line in the README', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const readme = read('README.md');
    for (const name of Object.keys(scripts))
      assert.ok(readme.includes(`npm run ${name}`) || readme.includes(`npm ${name}`), name);
  });
});

function markdownBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.md') && statSync(join(ROOT, name)).isFile());
}
