import { Command } from 'commander';
import { LocalBus } from '../shared/adapters/local/bus.ts';
import { BadInput } from '../shared/domain/errors.ts';
import { SUBSCRIPTIONS } from '../shared/domain/messages.ts';
import { parseStrictJson } from '../shared/domain/strict-json.ts';
import { parsePush, requireOneMeaning } from '../shared/edge/pubsub.ts';
import type { Message } from '../shared/ports/bus.ts';
import type { SetAsideRow } from '../shared/stores/set-aside-store.ts';
import { type ErrandPlatform, runErrand, withPlatform } from './support/errand.ts';

interface Wish {
  readonly list?: true;
  readonly drop?: string;
  readonly ring?: string;
}

const LISTED_AT_ONCE = 1000;
/** Dead letters are listed and rung by this and their number; what was set aside, by its digest. */
const LETTER = /^letter-([1-9][0-9]{0,15})$/;

const command = new Command('set-aside')
  .description('What the bus delivered and nobody could answer. With --drop and --ring, one of it.')
  .option(
    '--list',
    'shows it, oldest first: also dead letters, which failed for another reason until they were given up',
  )
  .option('--drop <id>', 'forgets what was set aside')
  .option('--ring <id>', 'rings that doorbell again, for whoever answers next, and forgets it')
  .parse();
const { list, drop, ring } = command.opts<Wish>();
if ([list, drop, ring].filter((wish) => wish !== undefined).length !== 1) {
  command.error('say one of --list, --drop and --ring', { exitCode: 2 });
}

await runErrand(() =>
  withPlatform(async (platform) => {
    if (ring !== undefined) await ringAgain(ring, platform);
    else if (drop !== undefined) await dropOne(drop, platform);
    else await show(platform);
  }),
);

async function show({ setAside, bus }: ErrandPlatform): Promise<void> {
  const rows = await setAside.list(LISTED_AT_ONCE);
  for (const row of rows) {
    const from = `${row.subscription ?? 'no push'}${row.message_id === null ? '' : ` message ${row.message_id}`}`;
    const times = row.times === 1 ? 'once' : `${row.times} times, last ${row.last_at}`;
    console.log(`${row.id}  ${row.received_at} ${times}  ${from}  ${row.code}: ${row.detail}`);
    console.log(`  ${preview(row)}`);
  }
  // In the cloud they wait in the dead-letter subscriptions.
  const letters = bus instanceof LocalBus ? bus.deadLetters() : [];
  for (const letter of letters) {
    const said = JSON.stringify(letter.attributes);
    console.log(`letter-${letter.id}  ${letter.deadLetteredAt}  ${letter.subscription} message ${letter.messageId}`);
    console.log(`  ${said} failed ${letter.deliveryAttempt} times: ${letter.reason}`);
  }
  console.log(`${rows.length} set aside, ${letters.length} dead letters`);
}

async function dropOne(id: string, { setAside }: ErrandPlatform): Promise<void> {
  await found(id, setAside);
  await setAside.drop(id);
  console.log(`${id} is forgotten`);
}

async function ringAgain(id: string, { setAside, bus, config }: ErrandPlatform): Promise<void> {
  const letter = LETTER.exec(id)?.[1];
  if (letter !== undefined) {
    const isKnown = bus instanceof LocalBus && bus.deadLetters().some((known) => known.id === Number(letter));
    if (!isKnown) throw unknown(id);
    await bus.redrive(Number(letter));
  } else {
    // Published before it is forgotten: whoever stops this in between finds it twice, never not at all.
    await bus.publish(doorbellOf(await found(id, setAside), config.topicPrefix));
    await setAside.drop(id);
  }
  console.log(`${id} is rung again`);
}

async function found(id: string, setAside: ErrandPlatform['setAside']): Promise<SetAsideRow> {
  const row = await setAside.find(id);
  if (row === undefined) throw unknown(id);
  return row;
}

function unknown(id: string): BadInput {
  return new BadInput('not_found', `nothing is set aside as ${id}`);
}

/** @throws BadInput where the body is no push, or nobody hears its topic */
function doorbellOf({ body }: SetAsideRow, topicPrefix: string): Message {
  const pushed = parsePush(parseStrictJson(body));
  requireOneMeaning(pushed);
  const { subscription, orderingKey, attributes } = pushed;
  const name = subscription.slice(subscription.lastIndexOf('/') + 1);
  const heard = SUBSCRIPTIONS.find((known) => `${topicPrefix}${known.name}` === name);
  if (heard === undefined) throw new BadInput('not_found', `there is no subscription ${JSON.stringify(subscription)}`);
  return { topic: heard.topic, orderingKey, attributes };
}

// A terminal obeys what is in a body, unless JSON writes it out.
function preview({ body, body_bytes }: SetAsideRow): string {
  return `${body_bytes} bytes: ${JSON.stringify(Buffer.from(body).toString('utf8').slice(0, 300))}`;
}
