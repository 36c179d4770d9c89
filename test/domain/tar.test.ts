import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { BUNDLE_MAX_FILES, BundleUnreadable, readTar, writeTar } from '../../shared/domain/evidence/tar.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { END, sealed, ustarFile, ustarHeader } from '../support/ustar.ts';

const run = promisify(execFile);
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const files = [
  { path: 'manifest.json', bytes: utf8('{"v":"1"}') },
  { path: 'prices/47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU.json', bytes: utf8('€'.repeat(400)) },
  { path: 'receipts.ndjson', bytes: Buffer.alloc(0) },
  { path: 'seal.json', bytes: Buffer.alloc(512, 's') },
];
const one = utf8('{"a":"1"}');
const refuses = (bytes: Buffer, says: string): void => {
  assert.throws(() => readTar(bytes), BundleUnreadable, says);
};

describe('a bundle’s tar', () => {
  it('comes back file by file', () => {
    assert.deepEqual(
      [...readTar(writeTar(files))],
      files.map(({ path, bytes }) => [path, bytes]),
    );
    assert.deepEqual([...readTar(writeTar([]))], []);
  });

  it('has one form, whatever the order its files are given in', () => {
    assert.deepEqual(writeTar(files.toReversed()), writeTar(files));
  });

  it('is the ustar of the standard, field by field', () => {
    const expected = Buffer.concat([...files.map(({ path, bytes }) => ustarFile(bytes, { name: path })), END]);
    assert.deepEqual(writeTar(files), expected);
  });

  it('comes back whatever its files hold and are called', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,8}$/);
    const file = fc.record(
      {
        path: fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
        bytes: fc.uint8Array({ maxLength: 1100 }).map((bytes) => Buffer.from(bytes)),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 6 }), (any) => {
        const sorted = [...any].sort((a, b) => (a.path < b.path ? -1 : 1));
        assert.deepEqual(
          [...readTar(writeTar(any))],
          sorted.map(({ path, bytes }) => [path, bytes]),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('can be listed and unpacked with the tar of the system', async function () {
    const folder = await tempFolder();
    try {
      const archive = join(folder.path, 'bundle.tar');
      await writeFile(archive, writeTar(files));
      const listed = await run('tar', ['-tf', archive]);
      assert.deepEqual(
        listed.stdout.trim().split('\n'),
        files.map(({ path }) => path),
      );
      for (const { path, bytes } of files) {
        const { stdout } = await run('tar', ['-xOf', archive, path], { encoding: 'buffer' });
        assert.deepEqual(stdout, bytes, path);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') this.skip();
      throw error;
    } finally {
      await folder.remove();
    }
  });

  it('with any one bit changed is refused, or says that a file holds something else', () => {
    const small = [
      { path: 'a.json', bytes: utf8('{"a":"1"}') },
      { path: 'b', bytes: Buffer.alloc(0) },
    ];
    const good = writeTar(small);
    let changed = 0;
    for (let at = 0; at < good.length; at++) {
      const original = good[at]!;
      for (const byte of [...[1, 2, 4, 8, 16, 32, 64, 128].map((bit) => original ^ bit), 0x00, 0x20, 0x30, 0xff]) {
        if (byte === original) continue;
        const bytes = Buffer.from(good);
        bytes[at] = byte;
        let read: Map<string, Buffer>;
        try {
          read = readTar(bytes);
        } catch (error) {
          assert.ok(error instanceof BundleUnreadable, String(error));
          continue;
        }
        assert.deepEqual([...read.keys()], ['a.json', 'b'], `byte ${at} as ${byte}`);
        assert.notDeepEqual(read.get('a.json'), small[0]!.bytes, `byte ${at} as ${byte}`);
        changed++;
      }
    }
    // Only the nine bytes of content may change: each in 8 bits and up to 4 other ways.
    assert.ok(changed >= 9 * 8 && changed <= 9 * 12, `${changed} changes read`);
  });

  it('is not written with a path that could lead out of a folder, nor with two files of one path', () => {
    for (const path of [
      '',
      '.',
      '..',
      '../a',
      'a/../b',
      './a',
      '/a',
      'a/',
      'a//b',
      '.a',
      'a/.b',
      'a b',
      'a\\b',
      'ä',
      'a\n',
    ]) {
      assert.throws(() => writeTar([{ path, bytes: one }]), BundleUnreadable, path);
    }
    assert.throws(() => writeTar([{ path: 'n'.repeat(100), bytes: one }]), BundleUnreadable);
    assert.throws(() => writeTar([...files, files[0]!]), BundleUnreadable);
    assert.deepEqual([...readTar(writeTar([{ path: 'n'.repeat(99), bytes: one }])).keys()], ['n'.repeat(99)]);
  });

  describe('is refused', () => {
    it('unless what makes it hostile is taken away again', () => {
      assert.deepEqual([...readTar(Buffer.concat([ustarFile(one), END]))], [['a.json', one]]);
    });

    for (const [says, fields] of [
      ['with a path out of the folder', { name: '../a.json' }],
      ['with a path out of the folder further in', { name: 'a/../../b' }],
      ['with an absolute path', { name: '/etc/passwd' }],
      ['with a path on a drive', { name: 'C:\\a' }],
      ['with a path through here', { name: './a.json' }],
      ['with an empty path', { name: '' }],
      ['with an empty part in a path', { name: 'a//b' }],
      ['with a folder for a file', { name: 'a/' }],
      ['with a hidden file', { name: '.bashrc' }],
      ['with a path that goes on after a NUL', { name: 'a.json\0../b' }],
      ['with a path of 100 characters', { name: 'n'.repeat(100) }],
      ['with a path in Latin-1', { name: 'ä' }],
      ['with a path of two lines', { name: 'a\nb' }],
      ['with a prefix that makes its path longer', { prefix: 'etc' }],
      ['with a hard link', { typeflag: '1', linkname: '/etc/passwd' }],
      ['with a symbolic link', { typeflag: '2', linkname: '/etc/passwd' }],
      ['with a character device', { typeflag: '3' }],
      ['with a block device', { typeflag: '4' }],
      ['with a folder', { typeflag: '5' }],
      ['with a pipe', { typeflag: '6' }],
      ['with a contiguous file', { typeflag: '7' }],
      ['with a regular file of the old format', { typeflag: '\0' }],
      ['with a long name of GNU', { typeflag: 'L', name: '././@LongLink' }],
      ['with a sparse file of GNU', { typeflag: 'S' }],
      ['with an extended header', { typeflag: 'x' }],
      ['with a global header', { typeflag: 'g' }],
      ['with a link name on a file', { linkname: 'b' }],
      ['with another mode', { mode: '0000644\0' }],
      ['with a mode that gives rights away', { mode: '0004755\0' }],
      ['with an owner', { uid: '0001750\0' }],
      ['with a group', { gid: '0001750\0' }],
      ['with an owner’s name', { uname: 'root' }],
      ['with a group’s name', { gname: 'root' }],
      ['with a time', { mtime: '15150000000\0' }],
      ['with a device number', { devmajor: '0000000\0' }],
      ['in the format of GNU', { magic: 'ustar ', version: ' \0' }],
      ['in the format before ustar', { magic: '', version: '' }],
      ['with its size in blanks and digits', { size: '         11 ' }],
      ['with its size in few digits', { size: '11\0' }],
      ['with its size in twelve digits', { size: '000000000011' }],
      ['with its size followed by a blank', { size: '00000000011 ' }],
      ['with its size in base 256', { size: Buffer.from('800000000000000000000009', 'hex') }],
      ['with a negative size', { size: '-0000000011\0' }],
      ['with a size in hexadecimal', { size: '0000000000x\0' }],
      ['with a size of 8 GiB less one byte', { size: '77777777777\0' }],
      ['with a size beyond its end', { size: '00000003000\0' }],
    ] as const) {
      it(says, () => refuses(Buffer.concat([ustarFile(one, fields), END]), says));
    }

    const file = (name: string): Buffer => ustarFile(one, { name });
    const header = ustarHeader(one.length, {});
    for (const [says, bytes] of [
      ['with a wrong checksum', Buffer.concat([Buffer.from(file('a.json')).fill('7', 148, 149), END])],
      ['with a checksum of another form', Buffer.concat([reformed(file('a.json')), END])],
      ['with a path out of order', Buffer.concat([file('b'), file('a'), END])],
      ['with a path twice', Buffer.concat([file('a'), file('a'), END])],
      ['with a small letter before a capital', Buffer.concat([file('a'), file('B'), END])],
      ['with a stray byte after a file', Buffer.concat([header, one, Buffer.alloc(502), Buffer.of(1), END])],
      ['with a second file hidden after a file', Buffer.concat([header, one, Buffer.from('x'.repeat(503)), END])],
      ['cut off in a file', Buffer.concat([header])],
      ['cut off before its end', file('a')],
      ['with one zero block at its end', Buffer.concat([file('a'), Buffer.alloc(512)])],
      ['with three zero blocks at its end', Buffer.concat([file('a'), Buffer.alloc(1536)])],
      ['padded to 10 KiB as tar does', Buffer.concat([file('a'), Buffer.alloc(10_240 - 1024)])],
      ['with a file after its end', Buffer.concat([file('a'), END, file('b'), END])],
      ['with a zero block between its files', Buffer.concat([file('a'), Buffer.alloc(512), file('b'), END])],
      ['with bytes after its end', Buffer.concat([file('a'), Buffer.alloc(512), Buffer.alloc(512, 'x')])],
      ['with half a block after its end', Buffer.concat([file('a'), END, Buffer.alloc(256)])],
      ['with one byte too few', Buffer.concat([file('a'), END]).subarray(1)],
      ['as nothing', Buffer.alloc(0)],
      ['as one zero block', Buffer.alloc(512)],
      ['as noise', Buffer.alloc(4096, 'noise')],
      ['as a gzip file', Buffer.concat([Buffer.from('1f8b08', 'hex'), Buffer.alloc(1021)])],
    ] as const) {
      it(says, () => refuses(bytes, says));
    }

    it(`with ${BUNDLE_MAX_FILES + 1} files, and not with one less`, () => {
      const names = Array.from({ length: BUNDLE_MAX_FILES + 1 }, (_, at) => String(at).padStart(5, '0'));
      const headers = names.map((name) => ustarHeader(0, { name }));
      assert.equal(readTar(Buffer.concat([...headers.slice(1), END])).size, 10_000);
      refuses(Buffer.concat([...headers, END]), 'one too many');
    });

    it('with a sealed header that has a byte where the standard has none', () => {
      for (const at of [99, 107, 135, 147, 265, 296, 328, 336, 344, 499, 500, 511]) {
        const block = Buffer.from(header);
        block[at] = block[at] === 0 ? 0x41 : 0;
        refuses(Buffer.concat([sealed(block), one, Buffer.alloc(503), END]), `byte ${at}`);
      }
    });
  });
});

/** The same sum, written with a blank where the canonical header has a NUL. */
function reformed(bytes: Buffer): Buffer {
  bytes.write(' \0', 154, 'latin1');
  return bytes;
}
