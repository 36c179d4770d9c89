/** The part that is read of a place in the syntax tree (Babel's NodePath). */
interface Place {
  readonly node: { readonly type: string };
  readonly parent: {
    readonly type: string;
    readonly callee?: { readonly type: string; readonly name?: string };
    readonly id?: { readonly name?: string };
  } | null;
  readonly listKey?: string;
  readonly key: string | number | null;
}

/** Which argument of an error's constructor is a sentence for people. What programs read (a code, a kind) comes before it. */
const SENTENCE_AT: Readonly<Record<string, number>> = {
  BadInput: 1,
  LedgerFault: 2,
  TryAgain: 0,
  Error: 0,
  RangeError: 0,
  TypeError: 0,
  Unreadable: 0,
  PageDamaged: 0,
  MoneyRefused: 0,
};
const TEXT = 'what a refusal says to people';
/** Whether a change was left out for being such a text. */
export const isText = (reason: string): boolean => reason.startsWith(TEXT);
/** Functions that make or throw a refusal; every text they are given is for people. */
const REFUSERS = ['refuse', 'exceeds'];
const LITERALS = ['StringLiteral', 'TemplateLiteral'];

/** Why a place is left out of the changes: it is what an error says to people. Undefined for every other place. */
export function isSentence({ node, parent, listKey, key }: Place): string | undefined {
  if (parent === null) return undefined;
  const isArgument = listKey === 'arguments';
  const name = parent.callee?.name ?? '';
  if (isArgument && parent.type === 'NewExpression' && SENTENCE_AT[name] === key) return `${TEXT}, a ${name}'s`;
  if (!LITERALS.includes(node.type)) return undefined;
  if (isArgument && parent.type === 'CallExpression' && REFUSERS.includes(name)) return TEXT;
  if (parent.type === 'VariableDeclarator' && parent.id?.name === 'detail') return TEXT;
  return undefined;
}

let total = 0;
let judged = 0;
let left = 0;

/** Says on stderr after every tenth of a part's changes how far it is. */
const progress = {
  onMutationTestingPlanReady({ mutantPlans }: { readonly mutantPlans: readonly { readonly plan: string }[] }): void {
    total = mutantPlans.filter(({ plan }) => plan === 'Run').length;
    judged = 0;
    left = 0;
  },
  onMutantTested({ status }: { readonly status: string }): void {
    if (status !== 'Killed' && status !== 'Timeout' && status !== 'Survived') return;
    const tenth = Math.floor((10 * judged) / total);
    judged++;
    if (status === 'Survived') left++;
    if (Math.floor((10 * judged) / total) > tenth) {
      process.stderr.write(`  ${judged} of ${total} changes tried, ${left} found by no test\n`);
    }
  },
};

/** What Stryker takes from a module that it loads as a plugin. */
export const strykerPlugins = [
  { kind: 'Ignore', name: 'sentences', value: { shouldIgnore: isSentence } },
  { kind: 'Reporter', name: 'tenths', value: progress },
];
