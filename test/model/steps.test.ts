import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Step {
  readonly name: string;
  readonly file: string;
  readonly member: string;
  readonly effect: string;
}

/** The one list: the table of the README. */
const STEPS: readonly Step[] = [
  ...readFileSync(`${HERE}README.md`, 'utf8').matchAll(/^\| ([a-z.-]+) +\| `([^`#]+)#(\w+)` +\| `([^`]+)` +\|$/gm),
].map(([, name, file, member, effect]) => ({ name: name!, file: file!, member: member!, effect: effect! }));

const modelSteps = readdirSync(HERE)
  .filter((name) => name.endsWith('.pml'))
  .flatMap((name) => [...readFileSync(`${HERE}${name}`, 'utf8').matchAll(/\/\* step: ([a-z.-]+) \*\//g)])
  .map(([, name]) => name!);

/** The text of a function or method, from its declaration to the brace that closes it; undefined where there is none. An interface's member has none. */
function bodyOf(file: string, member: string): string | undefined {
  const text = readFileSync(`${ROOT}${file}`, 'utf8');
  const declaration = new RegExp(
    `^( *)(?:export )?(?:async )?(?:function )?#?${member}(?:<[^>\\n]*>)?\\((?![^\\n]*;\\n)[\\s\\S]*?^\\1\\}$`,
    'm',
  );
  return declaration.exec(text)?.[0];
}

/** What takes effect outside of a process: where one stands in a modelled file, the model has a step for it. */
const EFFECTS = /\b(?:bus\.publish|mirror\.create|vault\.create|notary\.signCheckpoint)\([A-Za-z]*/g;
const MODELLED = [
  'functions/ingest/ingest.ts',
  'functions/sign-receipts/sign-receipts.ts',
  'functions/seal-ledger/seal-ledger.ts',
  'functions/seal-ledger/sealed-parts.ts',
  'functions/reconcile-chain/mirrors.ts',
  'functions/reconcile-chain/sweep.ts',
  'functions/archive-period/archive-period.ts',
];

describe('the model and the code name the same steps', () => {
  it('each step of the model is in the list once, and the list has no other', () => {
    assert.ok(STEPS.length > 25, 'the list is read');
    assert.deepEqual([...modelSteps].sort(), STEPS.map(({ name }) => name).sort());
  });

  for (const { name, file, member, effect } of STEPS) {
    it(`${name} is what ${file}#${member} does`, () => {
      const body = bodyOf(file, member);
      assert.ok(body !== undefined, `${file} has no ${member}`);
      assert.ok(body.includes(effect), `${member} has no ${effect}`);
    });
  }

  for (const file of MODELLED) {
    it(`nothing takes effect in ${file} that the model does not know`, () => {
      const claimed = STEPS.filter((step) => step.file === file).map(({ effect }) => effect);
      for (const [effect] of readFileSync(`${ROOT}${file}`, 'utf8').matchAll(EFFECTS)) {
        const isKnown = claimed.some((one) => one.startsWith(effect) || effect.startsWith(one.replace(/^room\./, '')));
        assert.ok(isKnown, `${effect} is no step of the model`);
      }
    });
  }
});
