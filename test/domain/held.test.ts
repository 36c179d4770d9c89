import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goodBundle, makeBad, readRecipes } from '../../scripts/vectors/bad-bundle.ts';
import { VECTORS } from '../../scripts/vectors/keys.ts';
import { verifyCommand } from '../../scripts/verify/cli.ts';
import { compareHeld, HeldUnreadable } from '../../shared/domain/evidence/held.ts';
import { readTar } from '../../shared/domain/evidence/tar.ts';
import { leafHashOfText, rootOf } from '../../shared/domain/ledger/tree.ts';
import { pinned } from '../support/bundle-workshop.ts';

const recipe = (name: string): Buffer => makeBad(readRecipes().find((each) => each.name === name)!);
const fileOf = (bundle: Buffer, path: string): Buffer => readTar(bundle).get(path)!;
const checkpoint = (bundle: Buffer): Buffer => fileOf(bundle, 'checkpoint.jws');

describe('a bundle beside what somebody kept', () => {
  const [one, two] = [goodBundle('good-1'), goodBundle('good-2')];

  it('agrees with itself, with its own checkpoint, and with the same bundle of the day before', async () => {
    const keys = await pinned('pinned-2');
    assert.match((await compareHeld(one, one, keys)).detail, /seal log at 9 seals, the log at 26 entries/);
    assert.equal((await compareHeld(one, checkpoint(one), keys)).result, 'agrees');
    // good-2 starts at entry 18, and good-1 ends with 25.
    assert.match((await compareHeld(two, one, keys)).detail, /the log at 26 entries/);
  });

  it('agrees with a head that the tenant noted, and not with another one', async () => {
    const keys = await pinned('pinned-2');
    const entries = fileOf(one, 'receipts.ndjson').toString('latin1').split('\n').slice(0, 20);
    const root = rootOf(entries.map(leafHashOfText)).toString('base64url');
    const noted = { ledger: 'ledger.example/vectors/2026', tenant: 'aurora', size: 20, root };
    assert.equal((await compareHeld(two, Buffer.from(JSON.stringify(noted)), keys)).result, 'agrees');
    const other = await compareHeld(two, Buffer.from(JSON.stringify({ ...noted, root: 'A'.repeat(43) })), keys);
    assert.deepEqual(
      [other.result, other.detail],
      ['contradicts', 'the log of 20 entries has another root than the one that is held'],
    );
    const before = await compareHeld(two, Buffer.from(JSON.stringify({ ...noted, size: 5 })), keys);
    assert.equal(before.result, 'apart');
  });

  for (const name of [
    'limit-log-and-every-seal-rewritten',
    'limit-rewritten-after-the-last-anchor',
    'limit-anchors-skipped-by-the-seal',
  ]) {
    it(`${name}, which by itself is verified, is contradicted by the bundle, the checkpoint and the vault's seal of before`, async () => {
      const lie = recipe(name);
      const keys = await pinned('pinned-1');
      const record = (JSON.parse(fileOf(one, 'seal.json').toString()) as { record: string }).record;
      const jws = checkpoint(one).toString('latin1');
      for (const held of [
        one,
        checkpoint(one),
        Buffer.from(JSON.stringify({ jws, record })),
        Buffer.from(JSON.stringify({ checkpoint: jws, record, ledger: 'x' })),
      ]) {
        assert.equal((await compareHeld(lie, held, keys)).result, 'contradicts');
      }
    });
  }

  for (const name of ['limit-balance-brought-forward-falsified']) {
    it(`${name} is contradicted by the bundle before, which names an entry of both`, async () => {
      const { result, seq } = await compareHeld(recipe(name), one, await pinned('pinned-2'));
      assert.equal(result, 'contradicts');
      assert.ok(seq !== undefined && seq >= 18 && seq < 26, String(seq));
    });
  }

  it('what is held must itself hold', async () => {
    const keys = await pinned('pinned-1');
    const flipped = Buffer.from(one);
    flipped[flipped.indexOf('"amount":"') + 10]! ^= 1;
    const jws = checkpoint(one).toString('latin1');
    for (const held of [
      flipped,
      Buffer.from(''),
      Buffer.from('{}'),
      Buffer.from(`${jws.slice(0, -4)}AAAA`),
      checkpoint(recipe('checkpoint-by-a-stranger')),
    ]) {
      await assert.rejects(compareHeld(one, held, keys), HeldUnreadable);
    }
  });

  it('the command says so, with exit 0, 1 and 2', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'held-'));
    try {
      const path = (name: string): string => join(folder, name);
      await writeFile(path('lie.tar'), recipe('limit-rewritten-after-the-last-anchor'));
      await writeFile(path('checkpoint.jws'), checkpoint(one));
      await writeFile(path('other.jws'), checkpoint(goodBundle('good-other')));
      const run = async (bundle: string, ...held: readonly string[]) => {
        const lines: string[] = [];
        const io = { out: (line: string) => lines.push(line), err: (line: string) => lines.push(line) };
        const status = await verifyCommand(
          [bundle, '--pinned', `${VECTORS}pinned-1.json`, ...held.flatMap((file) => ['--held', file])],
          io,
        );
        return [status, lines.join('\n')] as const;
      };
      assert.equal((await run(path('lie.tar')))[0], 0);
      const [status, said] = await run(path('lie.tar'), path('checkpoint.jws'));
      assert.equal(status, 1);
      assert.match(said, /FAIL {2}it agrees with .*checkpoint\.jws[\s\S]*CONTRADICTED$/);
      assert.equal((await run(`${VECTORS}good-1.tar`, path('checkpoint.jws'), `${VECTORS}good-1.tar`))[0], 0);
      // The other customer's checkpoint is one seal later, and nothing in this bundle reaches there.
      assert.equal((await run(`${VECTORS}good-1.tar`, path('other.jws')))[0], 2);
      assert.equal((await run(`${VECTORS}good-1.tar`, '--json'))[0], 2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
