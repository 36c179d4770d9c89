import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock } from '../../shared/adapters/local/clock.ts';
import { FileVault } from '../../shared/adapters/local/vault.ts';
import { parseInstant } from '../../shared/domain/time.ts';
import { RetentionRefused } from '../../shared/ports/vault.ts';
import { type TempFolder, tempFolder } from '../support/temp-folder.ts';
import { vaultContract } from './contracts/vault.ts';

const DAY_MILLISECONDS = 86_400_000;
const at = (text: string) => parseInstant(text, 'test');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

vaultContract('files', async () => {
  const folder = await tempFolder();
  const clock = new ManualClock(at('2026-03-01T00:00:00Z'));
  return {
    open: () => FileVault.open({ folder: folder.path, clock, retentionDays: 30 }),
    passRetention: async () => clock.advance(30 * DAY_MILLISECONDS),
    dispose: folder.remove,
  };
});

describe('a vault of files', () => {
  let folder: TempFolder;
  let clock: ManualClock;
  let vault: FileVault;
  const open = () => FileVault.open({ folder: folder.path, clock, retentionDays: 30 });

  beforeEach(async () => {
    folder = await tempFolder();
    clock = new ManualClock(at('2026-03-01T12:00:00Z'));
    vault = await open();
  });
  afterEach(() => folder.remove());

  it('1 March noon and 30 days make 31 March noon: refused the microsecond before, allowed then', async () => {
    await vault.create('a', text('x'));
    clock.set(at('2026-03-31T11:59:59.999999Z'));
    await assert.rejects(vault.delete('a'), (error: unknown) => {
      assert.ok(error instanceof RetentionRefused);
      assert.equal(error.retainedUntil, '2026-03-31T12:00:00.000000Z');
      return true;
    });
    clock.set(at('2026-03-31T12:00:00Z'));
    await vault.delete('a');
    assert.equal(await vault.read('a'), undefined);
  });

  it('offering an object again, same or different, moves its retention neither way', async () => {
    await vault.create('a', text('x'));
    clock.set(at('2026-03-20T00:00:00Z'));
    assert.equal(await vault.create('a', text('x')), 'present');
    assert.equal(await vault.create('a', text('y')), 'different');
    clock.set(at('2026-03-31T12:00:00Z'));
    await vault.delete('a');
    assert.equal(await vault.read('a'), undefined);
  });

  it('a promise written before a crash does not shorten the one the object is created under', async () => {
    // The crash came after the end of retention was written and before the object: only the promise is there, half of it.
    await mkdir(join(folder.path, 'retention'), { recursive: true });
    await writeFile(join(folder.path, 'retention', 'a'), '\n2026-03-05T00:00:00.000000Z\n\n2026-03-0');
    await vault.create('a', text('x'));
    clock.set(at('2026-03-31T11:59:59Z'));
    await assert.rejects(vault.delete('a'), /a is retained until 2026-03-31T12:00:00.000000Z/);
  });

  it('an object whose end of retention was lost is kept', async () => {
    await vault.create('a', text('x'));
    await rm(join(folder.path, 'retention', 'a'));
    clock.set(at('2099-01-01T00:00:00Z'));
    await assert.rejects(vault.delete('a'), RetentionRefused);
    await appendFile(join(folder.path, 'retention', 'a'), 'not a date\n');
    await assert.rejects(vault.delete('a'), RetentionRefused);
    assert.deepEqual(await vault.read('a'), text('x'));
  });

  it('an object is a file of exactly its bytes that nobody may write', async () => {
    await vault.create('acme/bundle.json', text('{}'));
    const { mode, size, nlink } = await stat(join(folder.path, 'objects', 'acme', 'bundle.json'));
    assert.equal(mode & 0o777, 0o444);
    assert.equal(size, 2);
    assert.equal(nlink, 1);
  });

  it('what a crash left half-written is no object, and is swept when the vault is opened', async () => {
    const draft = join(folder.path, '.incoming', 'draft-crash');
    await mkdir(draft);
    await writeFile(join(draft, '0'), 'half a bun');
    assert.deepEqual(await vault.list(''), []);
    await open();
    assert.deepEqual(await readdir(join(folder.path, '.incoming')), []);
  });

  it('opening the vault while others write costs them nothing', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `acme/${String(index).padStart(2, '0')}`);
    const creating = Promise.all(names.map((name) => vault.create(name, text(name))));
    // Each opening sweeps the drafts it finds, those of the writers too.
    for (let opening = 0; opening < 4; opening++) await open();
    assert.deepEqual(await creating, Array(40).fill('created'));
    assert.deepEqual(await vault.list('acme/'), names);
    for (const name of names) assert.deepEqual(await vault.read(name), text(name));
  });

  it('a folder cannot be an object as well: the second of the two is an error, never a loss', async () => {
    await vault.create('acme', text('object'));
    await assert.rejects(vault.create('acme/1', text('x')));
    await vault.create('umbrella/1', text('object'));
    await assert.rejects(vault.create('umbrella', text('x')));
    assert.deepEqual(await vault.list(''), ['acme', 'umbrella/1']);
  });

  it('nothing of its own keeping shows among the objects', async () => {
    await vault.create('retention/a', text('x'));
    await vault.create('.incoming/b', text('y'));
    assert.deepEqual(await (await open()).list(''), ['.incoming/b', 'retention/a']);
  });
});
