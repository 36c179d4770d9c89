import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TryAgain } from '../../../shared/domain/errors.ts';
import type {
  AnyTable,
  Database,
  Key,
  Range,
  Reader,
  RowOf,
  Table,
  Transaction,
} from '../../../shared/ports/database.ts';

const COUNTERS = {
  name: 'counters',
  columns: { tenant: 'text', name: 'text', value: 'int' },
  key: ['tenant', 'name'],
  indexes: { counters_by_value: ['value'] },
} as const satisfies AnyTable;
const OBJECTS = {
  name: 'objects',
  columns: { id: 'bytes', content: 'bytes', note: 'text?', size: 'int?', more: 'bytes?' },
  key: ['id'],
  indexes: {},
} as const satisfies AnyTable;
const LINES = {
  name: 'lines',
  columns: { log: 'text', part: 'text', position: 'int', text: 'text' },
  key: ['log', 'part', 'position'],
  indexes: { lines_by_text: ['log', 'text'] },
} as const satisfies AnyTable;

const TICKETS = {
  name: 'tickets',
  columns: { id: 'text', at: 'text?', good_until: 'text' },
  key: ['id'],
  indexes: {},
  expires: 'good_until',
} as const satisfies AnyTable;

/** What the sentences below keep their rows in; the rig makes them. */
export const CONTRACT_TABLES: readonly AnyTable[] = [COUNTERS, OBJECTS, LINES, TICKETS];

const counters: Table<typeof COUNTERS.columns> = COUNTERS;
const objects: Table<typeof OBJECTS.columns> = OBJECTS;
const lines: Table<typeof LINES.columns> = LINES;
const tickets: Table<typeof TICKETS.columns> = TICKETS;

/** An empty database that holds `CONTRACT_TABLES`. */
export interface DatabaseRig {
  /** Whether the engine deletes expired rows by itself, some time. */
  readonly purgesItself: boolean;
  /** How many ranges made up by chance are asked for; where each costs several requests, fewer. */
  readonly rangesTried: number;
  /** A client; a second one sees what the first left, after it was closed. */
  open(): Promise<Database>;
  dispose(): Promise<void>;
}

/** Of the counters' form, but nobody made it: whoever reads it fails. */
const nowhere: Table<typeof COUNTERS.columns> = { ...COUNTERS, name: 'nowhere', indexes: {} };

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const counter = (name: string, value: number, tenant = 'acme') => ({ tenant, name, value });

/** @param makeRig made anew for every sentence */
export function databaseContract(adapter: string, makeRig: () => Promise<DatabaseRig>): void {
  describe(`a database keeps its promises (${adapter})`, () => {
    let rig: DatabaseRig;
    let database: Database;

    beforeEach(async () => {
      rig = await makeRig();
      database = await rig.open();
    });
    afterEach(async () => {
      await database.close();
      await rig.dispose();
    });

    const put = (...rows: RowOf<typeof counters.columns>[]): Promise<void> =>
      database.transact(async (tx) => {
        for (const row of rows) tx.upsert(counters, row);
      });
    const numberOf = async (name: string, tenant = 'acme'): Promise<number | undefined> =>
      (await database.snapshot((view) => view.read(counters, [tenant, name])))?.value;

    describe('as if one after the other', () => {
      it('50 who add 1 at once make 50', async () => {
        await put(counter('total', 0));
        await Promise.all(
          Array.from({ length: 50 }, () =>
            database.transact(async (tx) => {
              const row = await tx.read(counters, ['acme', 'total']);
              await pause();
              tx.update(counters, ['acme', 'total'], { value: row!.value + 1 });
            }),
          ),
        );
        assert.equal(await numberOf('total'), 50);
      });

      it('50 who make a row where there is none: one makes it, 49 find it', async () => {
        const made = await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            database.transact(async (tx) => {
              if ((await tx.read(counters, ['acme', 'once'])) !== undefined) return false;
              await pause();
              tx.insert(counters, counter('once', i));
              return true;
            }),
          ),
        );
        assert.equal(made.filter((first) => first).length, 1);
      });

      it('two doctors may not both leave: of two who each see the other on duty, one stays', async () => {
        await put(counter('anna', 1), counter('ben', 1));
        const leave = (name: string) =>
          database.transact(async (tx) => {
            const onDuty = await tx.range(counters, { prefix: ['acme'] });
            await pause();
            if (onDuty.filter(({ value }) => value === 1).length < 2) return;
            tx.update(counters, ['acme', name], { value: 0 });
          });
        await Promise.all([leave('anna'), leave('ben')]);
        assert.equal((await numberOf('anna'))! + (await numberOf('ben'))!, 1);
      });

      it('100 transfers between ten purses lose and make nothing, and nobody ever sees one half done', async () => {
        await put(...Array.from({ length: 10 }, (_, i) => counter(`purse-${i}`, 100)));
        const sum = async () =>
          (await database.snapshot((view) => view.range(counters, { prefix: ['acme'] }))).reduce(
            (all, { value }) => all + value,
            0,
          );
        const transfers = Array.from({ length: 100 }, (_, i) =>
          database.transact(async (tx) => {
            const [from, to] = [`purse-${i % 10}`, `purse-${(i * 7 + 3) % 10}`];
            if (from === to) return;
            const [one, other] = await tx.readMany(counters, [
              ['acme', from],
              ['acme', to],
            ]);
            await pause();
            tx.update(counters, ['acme', from], { value: one!.value - 1 });
            tx.update(counters, ['acme', to], { value: other!.value + 1 });
          }),
        );
        const seen = Promise.all(Array.from({ length: 30 }, sum));
        await Promise.all(transfers);
        assert.deepEqual([...new Set([...(await seen), await sum()])], [1000]);
      });
    });

    describe('all or nothing', () => {
      it('what is written is seen by nobody before the commit, not even by the transaction itself', async () => {
        await put(counter('a', 1));
        await database.transact(async (tx) => {
          tx.insert(counters, counter('b', 2));
          tx.update(counters, ['acme', 'a'], { value: 9 });
          tx.delete(counters, ['acme', 'a']);
          assert.equal((await tx.read(counters, ['acme', 'a']))?.value, 1);
          assert.equal(await tx.read(counters, ['acme', 'b']), undefined);
          assert.deepEqual(
            (await tx.range(counters, { prefix: ['acme'] })).map(({ name }) => name),
            ['a'],
          );
          assert.deepEqual([await numberOf('a'), await numberOf('b')], [1, undefined]);
        });
        assert.deepEqual([await numberOf('a'), await numberOf('b')], [undefined, 2]);
      });

      it('writes take effect in the order in which they were given', async () => {
        await put(counter('a', 1));
        await database.transact(async (tx) => {
          tx.delete(counters, ['acme', 'a']);
          tx.insert(counters, counter('a', 2));
          tx.update(counters, ['acme', 'a'], { value: 3 });
          tx.upsert(counters, counter('b', 4));
          tx.upsert(counters, counter('b', 5));
          tx.insert(counters, counter('c', 6));
          tx.delete(counters, ['acme', 'c']);
        });
        assert.deepEqual([await numberOf('a'), await numberOf('b'), await numberOf('c')], [3, 5, undefined]);
      });

      it('where work fails nothing is written, and its caller gets what it threw', async () => {
        const reason = new Error('not today');
        const failed = database.transact(async (tx) => {
          tx.insert(counters, counter('a', 1));
          await pause();
          throw reason;
        });
        await assert.rejects(failed, (error) => error === reason);
        assert.equal(await numberOf('a'), undefined);
      });

      for (const [what, write] of [
        ['a row that exists is inserted', (tx) => tx.insert(counters, counter('there', 2))],
        [
          'a row is inserted twice',
          (tx) => {
            tx.insert(counters, counter('new', 1));
            tx.insert(counters, counter('new', 2));
          },
        ],
        ['a row that does not exist is updated', (tx) => tx.update(counters, ['acme', 'nowhere'], { value: 1 })],
      ] as readonly (readonly [string, (tx: Transaction) => void])[]) {
        it(`where ${what} everything before and after it is undone too, and the next transaction goes on`, async () => {
          await put(counter('there', 1));
          const failed = database.transact(async (tx) => {
            tx.upsert(counters, counter('before', 1));
            tx.delete(counters, ['acme', 'there']);
            tx.upsert(counters, counter('there', 1));
            write(tx);
            tx.upsert(counters, counter('after', 1));
          });
          await assert.rejects(failed);
          assert.deepEqual(
            [await numberOf('before'), await numberOf('there'), await numberOf('after')],
            [undefined, 1, undefined],
          );
          await put(counter('next', 1));
          assert.equal(await numberOf('next'), 1);
        });
      }

      it('a row that is not there is deleted without complaint', async () => {
        await database.transact(async (tx) => tx.delete(counters, ['acme', 'nowhere']));
      });

      it('an update changes the columns it names and leaves the others', async () => {
        const id = Buffer.from('x');
        await database.transact(async (tx) => {
          tx.insert(objects, { id, content: Buffer.from('c'), note: 'kept', size: 7, more: null });
        });
        await database.transact(async (tx) => tx.update(objects, [id], { size: null, more: Buffer.from('m') }));
        const row = await database.snapshot((view) => view.read(objects, [id]));
        assert.deepEqual([row?.note, row?.size, Buffer.from(row!.more!).toString()], ['kept', null, 'm']);
      });

      it('an upsert replaces the whole row', async () => {
        const id = Buffer.from('x');
        const row = { id, content: Buffer.from('c'), note: 'old', size: 7, more: Buffer.from('m') };
        await database.transact(async (tx) => tx.upsert(objects, row));
        await database.transact(async (tx) => tx.upsert(objects, { ...row, note: null, size: null, more: null }));
        const found = await database.snapshot((view) => view.read(objects, [id]));
        assert.deepEqual([found?.note, found?.size, found?.more], [null, null, null]);
      });

      it('a transaction that only reads, and one that does nothing, are fine', async () => {
        assert.equal(await database.transact(async (tx) => (await tx.range(counters, {})).length), 0);
        assert.equal(await database.transact(async () => 'nothing'), 'nothing');
      });
    });

    describe('snapshots', () => {
      it('one snapshot sees one instant, however long it looks and whoever writes meanwhile', async () => {
        await put(counter('a', 0), counter('b', 0));
        const writing = (async () => {
          for (let value = 1; value <= 20; value++) await put(counter('a', value), counter('b', value));
        })();
        const looks = await Promise.all(
          Array.from({ length: 12 }, () =>
            database.snapshot(async (view) => {
              const a = (await view.read(counters, ['acme', 'a']))!.value;
              for (let i = 0; i < 10; i++) await pause();
              const b = (await view.read(counters, ['acme', 'b']))!.value;
              const again = (await view.range(counters, { prefix: ['acme'] })).map(({ value }) => value);
              return [a, b, ...again];
            }),
          ),
        );
        await writing;
        for (const look of looks) assert.equal(new Set(look).size, 1, String(look));
        assert.equal(await numberOf('b'), 20);
      });

      it('its instant is when it begins, not when it first looks', async () => {
        await put(counter('a', 1));
        const seen = await database.snapshot(async (view) => {
          await put(counter('a', 2));
          return (await view.read(counters, ['acme', 'a']))?.value;
        });
        assert.deepEqual([seen, await numberOf('a')], [1, 2]);
      });

      it('what a transaction wrote before it returned, a later snapshot sees', async () => {
        for (let value = 1; value <= 20; value++) {
          await put(counter('a', value));
          assert.equal(await numberOf('a'), value);
        }
      });

      it('a row read by itself is as it is committed: nobody is shown what a transaction is about to write', async () => {
        await put(counter('total', 1));
        assert.equal(await database.read(counters, ['acme', 'none']), undefined);
        const seen = await database.transact(async (tx) => {
          tx.update(counters, ['acme', 'total'], { value: 2 });
          await pause();
          return (await database.read(counters, ['acme', 'total']))?.value;
        });
        assert.deepEqual([seen, (await database.read(counters, ['acme', 'total']))?.value], [1, 2]);
        await assert.rejects(database.read(nowhere, ['acme', 'total']));
        // Whoever reads beside a writer never sees an older state after a newer one.
        const count = async (): Promise<void> => {
          for (let value = 3; value < 20; value++) await put(counter('total', value));
        };
        const counted = count();
        const values: number[] = [];
        for (let i = 0; i < 30; i++) {
          values.push((await database.read(counters, ['acme', 'total']))!.value);
          await pause();
        }
        await counted;
        assert.deepEqual(
          values,
          values.toSorted((a, b) => a - b),
        );
        assert.equal((await database.read(counters, ['acme', 'total']))?.value, 19);
      });

      it('forty at once all get their turn, and one that fails keeps nobody from it', async () => {
        await put(counter('a', 1));
        const answers = await Promise.allSettled(
          Array.from({ length: 40 }, (_, i) =>
            database.snapshot(async (view) => {
              await pause();
              if (i % 3 === 0) throw new Error('no');
              return (await view.read(counters, ['acme', 'a']))?.value;
            }),
          ),
        );
        assert.equal(answers.filter(({ status }) => status === 'rejected').length, 14);
        assert.equal(answers.filter((answer) => answer.status === 'fulfilled' && answer.value === 1).length, 26);
      });
    });

    describe('side by side', () => {
      const looks: readonly ((view: Reader) => Promise<unknown>)[] = [
        (view) => view.read(counters, ['acme', 'b']),
        (view) => view.range(counters, { prefix: ['acme'], reverse: true, limit: 2 }),
        (view) =>
          view.readMany(counters, [
            ['acme', 'c'],
            ['acme', 'x'],
          ]),
        (view) => view.range(counters, { prefix: ['acme'], from: ['b'] }),
        (view) => view.read(counters, ['acme', 'x']),
        (view) => view.range(counters, { index: 'counters_by_value', from: [2], limit: 1 }),
      ];
      const [a, b, c] = [counter('a', 1), counter('b', 2), counter('c', 3)];
      const answers = [b, [c, b], [c, undefined], [b, c], undefined, [b]];

      it('reads of one transaction, and of one snapshot, give what each alone gives', async () => {
        await put(a, b, c);
        // Engines make rows with and without a prototype.
        const together = async (view: Reader) => structuredClone(await Promise.all(looks.map((look) => look(view))));
        assert.deepEqual(await database.transact(together), answers);
        assert.deepEqual(await database.snapshot(together), answers);
        for (const [at, look] of looks.entries())
          assert.deepEqual(structuredClone(await database.transact(look)), answers[at]);
      });

      it('where work fails beside its reads they leave no lock: the next one goes through', async () => {
        await put(a, b);
        const reason = new Error('not today');
        const failed = database.transact(async (tx) => {
          tx.upsert(counters, counter('a', 9));
          await Promise.all([
            tx.read(counters, ['acme', 'a']),
            tx.read(counters, ['acme', 'b']),
            Promise.reject(reason),
          ]);
        });
        await assert.rejects(failed, (error) => error === reason);
        await put(counter('b', 5));
        assert.deepEqual([await numberOf('a'), await numberOf('b')], [1, 5]);
      });

      it('a read that fails takes its transaction along, not those that come after', async () => {
        await put(a);
        for (const nth of [0, 1, 2]) {
          const reads = (view: Reader) =>
            Promise.all([0, 1, 2].map((i) => view.read(i === nth ? nowhere : counters, ['acme', 'a'])));
          await assert.rejects(database.transact(reads), /nowhere/);
          await assert.rejects(database.snapshot(reads), /nowhere/);
          await put(counter('a', nth));
          assert.equal(await numberOf('a'), nth);
        }
      });
    });

    describe('reading', () => {
      it('many keys are answered in their order: twice asked, twice answered, unknown is undefined', async () => {
        await put(counter('a', 1), counter('b', 2), counter('c', 3));
        const names = ['c', 'a', 'x', 'c', 'b'];
        const rows = await database.snapshot((view) =>
          view.readMany(
            counters,
            names.map((name) => ['acme', name]),
          ),
        );
        assert.deepEqual(
          rows.map((row) => row?.value),
          [3, 1, undefined, 3, 2],
        );
        assert.deepEqual(await database.snapshot((view) => view.readMany(counters, [])), []);
      });

      it('bytes come back as they went: none, every value, a mebibyte; keys of bytes are told apart', async () => {
        const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
        const large = Buffer.alloc(1_048_576, 7);
        const rows = [new Uint8Array(0), everyByte, large].map((content, i) => ({
          ...{ id: Uint8Array.of(0, i, 255), content, note: null, size: null, more: null },
        }));
        await database.transact(async (tx) => {
          for (const row of rows) tx.insert(objects, row);
        });
        for (const row of rows) {
          const found = await database.snapshot((view) => view.read(objects, [row.id]));
          assert.ok(Buffer.from(found!.content).equals(row.content));
          assert.ok(Buffer.from(found!.id).equals(row.id));
        }
        assert.equal(await database.snapshot((view) => view.read(objects, [Uint8Array.of(0, 3, 255)])), undefined);
      });

      it('texts and whole numbers come back as they went', async () => {
        const texts = ['', ' ', "'; DROP TABLE counters; --", 'ä€😀', 'é', 'e\u0301', 'A\nB\tC', '%_?', '0', 'NULL'];
        const numbers = [0, -1, 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
        await put(
          ...texts.map((name, i) => counter(name, i)),
          ...numbers.map((value, i) => counter(String(i), value, 'n')),
        );
        for (const [i, name] of texts.entries()) assert.equal(await numberOf(name), i, JSON.stringify(name));
        for (const [i, value] of numbers.entries()) assert.equal(await numberOf(String(i), 'n'), value);
      });
    });

    describe('ranges', () => {
      const rows = ['log-a', 'log-b', 'log'].flatMap((log) =>
        ['p', 'pp', 'q'].flatMap((part) =>
          [0, 1, 2, 9, 10, 300].map((position) => ({ log, part, position, text: `t${(position * 7) % 4}` })),
        ),
      );
      beforeEach(() =>
        database.transact(async (tx) => {
          // In no particular order.
          for (const i of rows.keys()) tx.insert(lines, rows[(i * 23) % rows.length]!);
        }),
      );
      const namesOf = (found: readonly RowOf<typeof lines.columns>[]): string[] =>
        found.map(({ log, part, position }) => `${log}/${part}/${position}`);
      const range = async (wanted: Range): Promise<string[]> =>
        namesOf(await database.snapshot((view) => view.range(lines, wanted)));

      const ORDERS = {
        primary: ['log', 'part', 'position'],
        lines_by_text: ['log', 'text', 'part', 'position'],
      } as const;
      const compare = (a: Key[number], b: Key[number]): number => (a < b ? -1 : a > b ? 1 : 0);
      /** The same asked of a plain list. */
      function rangeByHand({ index, prefix = [], from, to, limit, reverse }: Range): string[] {
        const order = ORDERS[(index ?? 'primary') as keyof typeof ORDERS];
        const keyOf = (row: (typeof rows)[number]) => order.map((name) => row[name]);
        const against = (row: (typeof rows)[number], bound: Key): number =>
          bound.map((value, i) => compare(keyOf(row)[prefix.length + i]!, value)).find((result) => result !== 0) ?? 0;
        const kept = rows
          .filter((row) => prefix.every((value, i) => keyOf(row)[i] === value))
          .filter((row) => from === undefined || against(row, from) >= 0)
          .filter((row) => to === undefined || against(row, to) < 0)
          .sort((a, b) => order.map((name) => compare(a[name], b[name])).find((result) => result !== 0) ?? 0);
        if (reverse === true) kept.reverse();
        return namesOf(kept.slice(0, limit));
      }

      it('all of a table, in the order of its key: 9 comes before 10', async () => {
        assert.deepEqual(
          await range({ prefix: ['log', 'p'] }),
          [0, 1, 2, 9, 10, 300].map((n) => `log/p/${n}`),
        );
        assert.equal((await range({})).length, 54);
      });

      it('a prefix is whole columns: "log" is not "log-a", "p" is not "pp"', async () => {
        assert.equal((await range({ prefix: ['log'] })).length, 18);
        assert.equal((await range({ prefix: ['log', 'p'] })).length, 6);
        assert.deepEqual(await range({ prefix: ['lo'] }), []);
      });

      it('from is in, to is out', async () => {
        assert.deepEqual(await range({ prefix: ['log', 'p'], from: [1], to: [10] }), ['log/p/1', 'log/p/2', 'log/p/9']);
        assert.deepEqual(await range({ prefix: ['log', 'p'], from: [10], to: [10] }), []);
      });

      it('backwards and limited: the last page that begins before 10', async () => {
        assert.deepEqual(await range({ prefix: ['log', 'p'], to: [10], limit: 1, reverse: true }), ['log/p/9']);
        assert.deepEqual(await range({ prefix: ['log', 'p'], limit: 0 }), []);
      });

      it('bounds of several columns compare as keys do', async () => {
        assert.deepEqual(await range({ prefix: ['log'], from: ['p', 300], to: ['pp', 2] }), [
          'log/p/300',
          'log/pp/0',
          'log/pp/1',
        ]);
      });

      it('an index is walked in its own order, equals by primary key; rows appear where they are now', async () => {
        const wanted: Range = { index: 'lines_by_text', prefix: ['log-a', 't2'] };
        // (position x 7) mod 4 is 2 for 2 and for 10.
        assert.deepEqual(
          await range(wanted),
          ['p', 'pp', 'q'].flatMap((part) => [`log-a/${part}/2`, `log-a/${part}/10`]),
        );
        await database.transact(async (tx) => {
          tx.update(lines, ['log-a', 'p', 2], { text: 'zz' });
          tx.delete(lines, ['log-a', 'p', 10]);
        });
        assert.equal((await range(wanted)).length, 4);
        assert.deepEqual(await range({ index: 'lines_by_text', prefix: ['log-a'], from: ['zz'] }), ['log-a/p/2']);
      });

      it('texts sort by their bytes in UTF-8, bytes by themselves, numbers below zero first, on every engine', async () => {
        // Compared by UTF-16 units, as this language does, the face would come before the half-width o.
        const texts = ['', ' ', 'Z', 'a', 'a ', 'ab', 'ä', '\uffae', '😀'];
        const ids = [[], [0], [0, 0], [0, 255], [1], [128], [255]];
        await database.transact(async (tx) => {
          for (const part of [...texts].reverse()) tx.insert(lines, { log: 'order', part, position: 0, text: '' });
          for (const position of [3, -1, 0, -20]) tx.insert(lines, { log: 'numbers', part: '', position, text: '' });
          for (const id of [...ids].reverse()) {
            tx.insert(objects, { id: Uint8Array.from(id), content: Buffer.of(1), note: null, size: null, more: null });
          }
        });
        const [byText, fromA, byNumber, byBytes] = await database.snapshot((view) =>
          Promise.all([
            view.range(lines, { prefix: ['order'] }),
            view.range(lines, { prefix: ['order'], from: ['a '], to: ['\uffae'], reverse: true }),
            view.range(lines, { prefix: ['numbers'] }),
            view.range(objects, { from: [Uint8Array.of(0)], to: [Uint8Array.of(255)] }),
          ]),
        );
        assert.deepEqual(
          byText.map(({ part }) => part),
          texts,
        );
        assert.deepEqual(
          fromA.map(({ part }) => part),
          ['ä', 'ab', 'a '],
        );
        assert.deepEqual(
          byNumber.map(({ position }) => position),
          [-20, -1, 0, 3],
        );
        assert.deepEqual(
          byBytes.map(({ id }) => [...id]),
          ids.slice(1, -1),
        );
      });

      it('many stretches are one read: each row once, by key, whatever their order, at most so many', async () => {
        const stretches = [
          { prefix: ['log-b', 'q'], from: [9] },
          { prefix: ['log', 'p'], from: [2], to: [300] },
          { prefix: ['log', 'p'], from: [9] },
          { prefix: ['nobody'] },
          { prefix: ['log-a', 'pp'], to: [1] },
        ];
        const all = [
          'log/p/2',
          'log/p/9',
          'log/p/10',
          'log/p/300',
          'log-a/pp/0',
          'log-b/q/9',
          'log-b/q/10',
          'log-b/q/300',
        ];
        const found = (limit?: number) =>
          database.snapshot(async (view) => namesOf(await view.ranges(lines, stretches, limit)));
        assert.deepEqual(await found(), all);
        assert.deepEqual(await found(5), all.slice(0, 5));
        assert.deepEqual(await found(0), []);
        assert.deepEqual(await database.transact((tx) => tx.ranges(lines, [])), []);
      });

      it('hundreds of ranges of every kind are what a plain list gives', async () => {
        const text = fc.constantFrom('log', 'log-a', 'log-b', 'x');
        const second = fc.constantFrom('p', 'pp', 'q', 't0', 't2', 't3', '', 'zz');
        const third = fc.constantFrom('p', 'pp', 'q');
        const number = fc.constantFrom(-1, 0, 1, 5, 10, 300, 301);
        const key = fc.boolean().chain((byText) =>
          (byText ? fc.tuple(text, second, third, number) : fc.tuple(text, second, number)).map((whole) => ({
            byText,
            whole: whole as (string | number)[],
          })),
        );
        const some = fc.tuple(
          key,
          fc.nat(4),
          fc.nat(4),
          fc.nat(4),
          fc.boolean(),
          fc.option(fc.nat(8), { nil: undefined }),
        );
        await fc.assert(
          fc.asyncProperty(some, key, async ([{ byText, whole }, cut, fromLength, toLength, reverse, limit], other) => {
            const most = byText ? 2 : whole.length;
            const prefix = whole.slice(0, Math.min(cut, most));
            const rest = most - prefix.length;
            const bound = (values: (string | number)[], length: number) =>
              values.slice(prefix.length, prefix.length + Math.min(length, rest));
            const from = bound(whole, fromLength);
            const to = other.byText === byText ? bound(other.whole, toLength) : [];
            const wanted: Range = {
              ...(byText ? { index: 'lines_by_text' } : {}),
              ...{ prefix, reverse },
              ...(from.length === 0 ? {} : { from }),
              ...(to.length === 0 ? {} : { to }),
              ...(limit === undefined ? {} : { limit }),
            };
            assert.deepEqual(await range(wanted), rangeByHand(wanted));
          }),
          { numRuns: rig.rangesTried, seed: 20260301 },
        );
      });
    });

    describe('rows that expire', () => {
      const day = (n: number): string => `2999-03-0${n}T00:00:00.000000Z`;
      const ids = async (): Promise<string[]> =>
        (await database.snapshot((view) => view.range(tickets, {}))).map(({ id }) => id);
      beforeEach(() =>
        database.transact(async (tx) => {
          for (const n of [3, 1, 5, 2, 4]) tx.insert(tickets, { id: `ticket-${n}`, at: null, good_until: day(n) });
        }),
      );

      it('read like any others: what an engine adds to them for itself stays its own', async () => {
        const row = { id: 'ticket-2', at: null, good_until: day(2) };
        const read = await database.snapshot(async (view) => [
          await view.read(tickets, ['ticket-2']),
          ...(await view.readMany(tickets, [['ticket-2']])),
          ...(await view.range(tickets, { prefix: ['ticket-2'] })),
          ...(await view.range(tickets, { prefix: ['ticket-2'], reverse: true })),
        ]);
        assert.deepEqual(
          read.map((found) => ({ ...found })),
          [row, row, row, row],
        );
      });

      it('go when their time is over, the oldest first, so many at once; the others stay', async () => {
        const purge = () => database.purgeExpired(TICKETS, day(4), 2);
        if (rig.purgesItself) {
          assert.equal(await purge(), 0);
          assert.equal((await ids()).length, 5);
          return;
        }
        // Before 4 March: those of 1, 2 and 3 March.
        assert.equal(await purge(), 2);
        assert.deepEqual(await ids(), ['ticket-3', 'ticket-4', 'ticket-5']);
        assert.equal(await purge(), 1);
        assert.equal(await purge(), 0);
        assert.deepEqual(await ids(), ['ticket-4', 'ticket-5']);
      });

      it('are only those of tables that say so', async () => {
        await assert.rejects(database.purgeExpired(COUNTERS, day(4), 2), /rows of counters do not expire/);
      });
    });

    describe('opening and closing', () => {
      it('what was committed is there for the next one who opens', async () => {
        await put(counter('a', 1));
        await database.close();
        database = await rig.open();
        assert.equal(await numberOf('a'), 1);
      });

      it('closing lets what is under way finish; whoever comes later is told to try again', async () => {
        await put(counter('a', 1));
        let looked = (): void => undefined;
        const looking = new Promise<void>((resolve) => (looked = resolve));
        const slow = database.transact(async (tx) => {
          await looking;
          for (let i = 0; i < 5; i++) await pause();
          tx.update(counters, ['acme', 'a'], { value: 2 });
        });
        const look = database.snapshot(async (view) => {
          await view.read(counters, ['acme', 'a']);
          looked();
          await slow;
          return (await view.read(counters, ['acme', 'a']))?.value;
        });
        await pause();
        await Promise.all([database.close(), database.close()]);
        await slow;
        assert.equal(await look, 1);
        await assert.rejects(put(counter('b', 1)), TryAgain);
        await assert.rejects(numberOf('a'), TryAgain);
        database = await rig.open();
        assert.deepEqual([await numberOf('a'), await numberOf('b')], [2, undefined]);
      });

      it('closing while very many wait to look leaves none of them waiting for ever', async () => {
        const looks = Array.from({ length: 60 }, () =>
          database.snapshot(async (view) => {
            await pause();
            return (await view.range(counters, {})).length;
          }),
        );
        const closed = database.close();
        const answers = await Promise.allSettled(looks);
        await closed;
        assert.ok(answers.every((answer) => answer.status === 'fulfilled' || answer.reason instanceof TryAgain));
      });
    });
  });
}
