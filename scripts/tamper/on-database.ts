import { packPage, unpackPage } from '../../shared/domain/ledger/page.ts';
import { type Expected, fault, type StateAttack } from './expected.ts';
import type { World } from './world.ts';

const somePage = (world: World) => world.chance.pick(world.pages());
/** A page with so many entries that one can go without emptying it. */
const fullPage = (world: World) => world.chance.pick(world.pages().filter(({ count }) => count > 2));
const lastEntry = (world: World): number => world.size() - 1;

/** Each row of money and sums that the next entry is reckoned from. */
const SUMS: readonly (readonly [says: string, table: string, change: string, where?: string])[] = [
  ['a line’s running sum', 'line_sums', "amount=amount||'1'"],
  ['how many entries a line sums', 'line_sums', 'count=count+1'],
  ['a line', 'line_sums', 'DELETE'],
  ['a period’s running sum', 'open_periods', "total='0'"],
  ['a meter’s aggregate', 'aggregates', "value='7'", "AND meter='api_calls' AND period LIKE '2026-03-02%'"],
  ['how many events a meter counted', 'aggregates', 'events=events+1', "AND period LIKE '2026-03-02%'"],
  ['the tree over values seen', 'aggregates', 'seen_size=7', "AND meter='users' AND period LIKE '2026-03-02%'"],
  ['which periods are closed', 'subscription_states', 'DELETE'],
  ['what is due of an invoice', 'invoice_balances', "amount_due='1'"],
  ['what was paid of an invoice', 'invoice_balances', "paid='1'"],
];

const INVOICES: readonly (readonly [says: string, change: string])[] = [
  ['an invoice’s total', "total='1'"],
  ['an invoice’s currency', "currency='JPY'"],
  ['an invoice’s period', "period=replace(period,'2026-03-01','2026-02-01')"],
  ['an invoice’s document', 'document=CAST(replace(CAST(document AS TEXT),\'subtotal":"\',\'subtotal":"1\') AS BLOB)'],
  ['an invoice', 'DELETE'],
];

const HEADS: readonly (readonly [says: string, change: string])[] = [
  ['the head’s root', 'root=last'],
  ['the head’s last entry', 'last=root'],
  ['the head’s subtrees', 'peaks=zeroblob(length(peaks))'],
  ['the head’s time', "recorded_at='2030-01-01T00:00:00.000000Z'"],
];

/** Attacks on rows of the database. The names are stable: figures and the table of attacks refer to them. */
export const ON_DATABASE: Readonly<Record<string, StateAttack>> = {
  'page-bit': {
    ...{ numbers: [1], says: 'one bit of a stored page' },
    play: (world) => {
      const { firstSeq, count } = somePage(world);
      world.setPage(firstSeq, world.chance.flipped(world.page(firstSeq)));
      return fault(world.victim, Math.max(0, firstSeq - 1), firstSeq + count - 1);
    },
  },
  'page-cut': {
    ...{ numbers: [42], says: 'a page cut short, as a torn write leaves it' },
    play: (world) => {
      const { firstSeq } = somePage(world);
      const bytes = world.page(firstSeq);
      world.setPage(firstSeq, bytes.subarray(0, world.chance.below(bytes.length)));
      return fault(world.victim, firstSeq);
    },
  },
  'entry-field': {
    ...{ numbers: [1, 50], says: 'an amount or quantity in an entry, packed again with care' },
    play: (world) => {
      const { firstSeq, count } = fullPage(world);
      let at = 0;
      world.repack(firstSeq, (texts) => {
        at = world.chance.pick([...texts.keys()].filter((i) => /"amount":"/.test(texts[i]!)));
        texts[at] = texts[at]!.replace('"amount":"', '"amount":"9');
      });
      // The rules name the entry itself; the chain, where the amount is not ruled by a price, it or the one after.
      return fault(world.victim, firstSeq + at, Math.min(firstSeq + at + 1, firstSeq + count));
    },
  },
  'entry-blind': {
    ...{ numbers: [1, 36], says: 'the blind of an entry, which no rule gives: only the chain knows it' },
    play: (world) => {
      const { firstSeq, count } = fullPage(world);
      const at = world.chance.below(count);
      world.repack(firstSeq, (texts) => {
        texts[at] = texts[at]!.replace(/"blind":"./, (start) => (start.endsWith('A') ? '"blind":"B' : '"blind":"A'));
      });
      return fault(world.victim, firstSeq + at);
    },
  },
  'entry-deleted': {
    ...{ numbers: [2], says: 'an entry left out in the middle of a page' },
    play: (world) => {
      const { firstSeq, count } = fullPage(world);
      const at = world.chance.between(1, count - 2);
      world.repack(firstSeq, (texts) => texts.splice(at, 1));
      return fault(world.victim, firstSeq + at - 1, firstSeq + at);
    },
  },
  'first-deleted': {
    ...{ numbers: [3], says: 'the first pages removed' },
    play: (world) => {
      world.change('pages', 'DELETE', `AND first_seq < ${world.chance.pick([1, 257, 303])}`);
      return fault(world.victim, 0);
    },
  },
  'page-deleted': {
    ...{ numbers: [2], says: 'a page removed' },
    play: (world) => {
      const { firstSeq } = somePage(world);
      world.change('pages', 'DELETE', `AND first_seq=${firstSeq}`);
      return fault(world.victim, firstSeq);
    },
  },
  'tail-cut': {
    ...{ numbers: [4], says: 'the last pages removed' },
    play: (world) => {
      const cut = world.chance.pick(world.pages().slice(1)).firstSeq;
      world.change('pages', 'DELETE', `AND first_seq>=${cut}`);
      return fault(world.victim, cut);
    },
  },
  'tail-cut-head-too': {
    ...{ numbers: [4, 6], says: 'the last pages removed and the head row set back with them' },
    play: (world) => {
      const cut = world.chance.pick(world.pages().slice(1)).firstSeq;
      world.change('pages', 'DELETE', `AND first_seq>=${cut}`);
      world.change('heads', `size=${cut}`);
      return fault(world.victim, cut);
    },
  },
  'entries-swapped': {
    ...{ numbers: [7], says: 'two neighbours of a page changed over' },
    play: (world) => {
      const { firstSeq, count } = fullPage(world);
      const at = world.chance.below(count - 1);
      world.repack(firstSeq, (texts) => {
        [texts[at], texts[at + 1]] = [texts[at + 1]!, texts[at]!];
      });
      return fault(world.victim, firstSeq + at);
    },
  },
  'pages-swapped': {
    ...{ numbers: [7], says: 'two pages changed over' },
    play: (world) => {
      const pages = world.pages();
      const at = world.chance.below(pages.length - 1);
      const [one, two] = [pages[at]!, pages[at + 1]!];
      const [first, second] = [world.page(one.firstSeq), world.page(two.firstSeq)];
      world.setPage(one.firstSeq, second, two.count);
      world.setPage(two.firstSeq, first, one.count);
      return fault(world.victim, one.firstSeq);
    },
  },
  'entry-doubled': {
    ...{ numbers: [8], says: 'an entry that stands in a page twice' },
    play: (world) => {
      const { firstSeq, count } = world.chance.pick(world.pages().filter((page) => page.count > 2 && page.count < 256));
      const at = world.chance.below(count);
      world.repack(firstSeq, (texts) => texts.splice(at, 0, texts[at]!));
      return fault(world.victim, firstSeq + at, firstSeq + at + 1);
    },
  },
  'entry-put-in': {
    ...{ numbers: [8, 39], says: 'a made-up entry at the end of a page, linked to the one before' },
    play: (world) => {
      const { firstSeq, count } = world.chance.pick(world.pages().filter((page) => page.count > 2 && page.count < 256));
      world.repack(firstSeq, (texts) =>
        texts.push(texts.at(-1)!.replace(/"seq":"\d+"/, `"seq":"${firstSeq + count}"`)),
      );
      return fault(world.victim, firstSeq + count - 1, firstSeq + count);
    },
  },
  'page-of-another': {
    ...{ numbers: [10], says: 'a page of the other organization in its place' },
    play: (world) => {
      const { firstSeq, count } = somePage(world);
      world.setPage(firstSeq, world.page(firstSeq, world.other), count);
      return fault(world.victim, firstSeq);
    },
  },
  'entry-of-another': {
    ...{ numbers: [10], says: 'an entry of the other organization in its place' },
    play: (world) => {
      const { firstSeq, count } = fullPage(world);
      const at = world.chance.below(count);
      const theirs = unpackPage(world.page(firstSeq, world.other));
      const mine = unpackPage(world.page(firstSeq));
      mine[at] = theirs[at]!;
      world.setPage(firstSeq, packPage(mine));
      return fault(world.victim, firstSeq, firstSeq + at);
    },
  },
  'head-changed': {
    ...{ numbers: [1], says: 'a field of the head row' },
    play: (world) => {
      world.change('heads', world.chance.pick(HEADS)[1]);
      return fault(world.victim, lastEntry(world));
    },
  },
  'head-set-back': {
    ...{ numbers: [4, 6], says: 'the head row one entry shorter than a seal has signed' },
    play: (world) => {
      world.change('heads', 'size=size-1');
      return fault(world.victim, world.size());
    },
  },
  'head-ahead': {
    ...{ numbers: [4, 40], says: 'the head row one entry longer than the log' },
    play: (world) => {
      world.change('heads', 'size=size+1');
      return fault(world.victim, world.size() - 1);
    },
  },
  'tree-node': {
    ...{ numbers: [31, 35], says: 'a stored subtree, from which proofs are made' },
    play: (world) => {
      world.change('tree_nodes', 'hash=zeroblob(32)', 'AND level=8 AND position=0', 'log');
      return fault(world.victim, 255);
    },
  },
  'tree-node-lost': {
    ...{ numbers: [31], says: 'a stored subtree removed' },
    play: (world) => {
      world.change('tree_nodes', 'DELETE', 'AND level=8 AND position=0', 'log');
      return { says: 'healed', what: `${world.victim} tree 8/0` };
    },
  },
  'sum-changed': {
    ...{ numbers: [52], says: 'a running sum, a meter’s aggregate or a balance' },
    play: (world) => {
      const [, table, change, where] = world.chance.pick(SUMS);
      world.change(table, change, where);
      return fault(world.victim, 0, lastEntry(world));
    },
  },
  'invoice-changed': {
    ...{ numbers: [52], says: 'an invoice’s row' },
    play: (world) => {
      const [close] = world.sql('SELECT close_seq FROM invoices WHERE tenant=?', world.victim);
      world.change('invoices', world.chance.pick(INVOICES)[1]);
      return fault(world.victim, Number(close!['close_seq']) + 1);
    },
  },
  'opening-changed': {
    ...{ numbers: [35, 52], says: 'the balance brought forward that evidence starts from' },
    play: (world) => {
      const [row] = world.sql('SELECT max(seq) AS seq FROM openings WHERE tenant=?', world.victim);
      world.change(
        'openings',
        world.chance.pick(['carried=zeroblob(9)', 'peaks=zeroblob(length(peaks))', "last='x'"]),
        `AND seq=${row!['seq']}`,
      );
      return fault(world.victim, Number(row!['seq']));
    },
  },
  'price-changed': {
    ...{ numbers: [52], says: 'a price document after the fact' },
    play: (world) => {
      world.sql("UPDATE prices SET bytes=CAST(replace(CAST(bytes AS TEXT),'0.25','0.26') AS BLOB)");
      return { ...fault(world.victim, 2), also: true } as Expected;
    },
  },
  'dedupe-forgotten': {
    ...{ numbers: [8, 9], says: 'the deduplication rows removed and an event sent again' },
    play: async (world) => {
      await world.forgetEvents();
      const before = world.size();
      await world.resend();
      return fault(world.victim, before, world.size());
    },
  },
  'rollup-changed': {
    ...{ numbers: [50], says: 'a sum of usage that only summaries show' },
    play: (world) => {
      world.change('usage_rollups', "dimensions=dimensions||' '");
      return { says: 'unseen', because: 'a view that nothing is billed from; entries and invoices stay as they are' };
    },
  },
};
