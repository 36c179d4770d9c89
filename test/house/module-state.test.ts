import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * What a module keeps for the whole process. An instance answers many organizations; what lies here is everybody's, so nothing
 * of anybody's may: each is named with what it holds.
 */
const KEPT: Readonly<Record<string, string>> = {
  'shared/adapters/database/sqlite/statements.ts texts': 'SQL by table',
  'shared/adapters/local/turns.ts turns': 'who writes a file now; gone with the write',
  'shared/documents/pdf.ts loaded': 'fonts',
  'shared/domain/invoice/invoice.ts written': 'the bytes of a document, as long as the document is there',
  'shared/domain/ledger/replay.ts cachedPeriod': 'the last text of a period, read',
  'shared/domain/ledger/replay.ts cachedText': 'that text',
  'shared/adapters/sqlite-log.ts opened': 'databases that the copying thread has open; lives in that thread',
  'shared/adapters/sqlite-log.ts shared': 'the copying thread',
  'shared/domain/usage/limits.ts lastDays': 'the last day asked for, by zone',
  'shared/domain/usage/limits.ts lastMonths': 'the last month asked for, by zone',
  'shared/domain/usage/metering.ts lastPeriods': 'the last period of a calendar, as long as the calendar is there',
  'shared/edge/http/guard.ts admitted': 'the body of a request, as long as the request is there',
  'shared/edge/http/guard.ts closing': 'connections that end',
  'shared/edge/http/guard.ts guarded': 'servers that have a guard',
  'shared/edge/http/guard.ts refused': 'requests that were answered',
  'shared/edge/telemetry/active.ts active': 'where figures go',
  // The one thing that is an organization's: what its document means. It is taken only for the very text that the row has now.
  'shared/stores/account-store.ts parsed': 'documents of organizations with their text, by organization',
  'shared/stores/known-keys.ts last': 'the last hour of which was asked how long keys are known',
  'shared/wiring/cloud/firestore.ts clients': 'clients by database',
};

/** Statements of a module's own level stand at the beginning of a line: the formatter sees to that. */
const CHANGING = /^(?:export )?(?:let|var) (\w+)/gm;
const FILLED_LATER = /^(?:export )?const (\w+)(?:: [^=]+)? = new (?:Weak)?(?:Map|Set)(?:<[^()]*>)?\(\);?$/gm;
const EMPTY = /^(?:export )?const (\w+)(?:: [^=]+)? = (?:\[\]|\{\}|Object\.create\(null\));?$/gm;
const STATIC = /^ {2}static (?!readonly)(?:#?\w+)(?:: [^=(]+)? = /gm;

const files = ['functions', 'shared'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

describe('what a process remembers beside its stores', () => {
  it('is nothing of an organization: each thing that a module keeps and changes is named here', () => {
    const found: string[] = [];
    for (const file of files) {
      const text = readFileSync(join(ROOT, file), 'utf8');
      for (const pattern of [CHANGING, FILLED_LATER, EMPTY])
        for (const match of text.matchAll(pattern)) found.push(`${file} ${match[1]}`);
      for (const match of text.matchAll(STATIC)) found.push(`${file} ${match[0].trim()}`);
    }
    assert.deepEqual(found.sort(), Object.keys(KEPT).sort());
  });
});
