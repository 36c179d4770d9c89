import { Command, InvalidArgumentError } from 'commander';
import { TARGETS, tried } from './try.ts';

const whole = (text: string): number => {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number.');
};
const { runs, seed, only } = new Command('fuzz')
  .description(
    'Tries the readers of what comes from outside with inputs by grammar, beside judges that share no code with them.',
  )
  .option('--runs <count>', 'tries of each; as many as in the gate unless said', whole)
  .option(
    '--seed <seed>',
    'the same one gives the same inputs; by the clock unless said',
    whole,
    Date.now() % 1_000_000_000,
  )
  .option('--only <name>', `one of ${TARGETS.map(({ name }) => name).join(', ')}`)
  .parse()
  .opts<{ runs?: number; seed: number; only?: string }>();

const chosen = TARGETS.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  console.error(`there is no ${only}`);
  process.exitCode = 2;
}
for (const target of chosen) {
  try {
    const { said, growthBytes, slowestMilliseconds } = await tried(target, runs ?? target.runs, seed);
    console.log(
      `${target.name}, seed ${seed}: ${said}; slowest ${Math.round(slowestMilliseconds)} ms of CPU, memory ${(growthBytes / 1e6).toFixed(1)} MB`,
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
