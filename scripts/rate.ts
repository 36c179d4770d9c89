import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { answer } from '../shared/domain/engine/answers.ts';

const command = new Command('rate')
  .description(
    'Answers questions to the pure engine: what usage costs, how a fee is prorated, what an invoice comes to. docs/engine.md describes each. Exit status 0 when all were answered, 1 when one was refused, 2 when the file cannot be read.',
  )
  .argument('<file>', 'JSON: one question or a list of them; - reads standard input')
  .parse();
const [file = ''] = command.args;

let questions: unknown;
try {
  questions = JSON.parse(file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'));
} catch (error) {
  console.error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(2);
}
const answers = (Array.isArray(questions) ? questions : [questions]).map(answer);
console.log(JSON.stringify(Array.isArray(questions) ? answers : answers[0], null, 2));
process.exitCode = answers.some((one) => 'error' in one) ? 1 : 0;
