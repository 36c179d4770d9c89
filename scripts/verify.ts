import { verifyCommand } from './verify/cli.ts';

process.exitCode = await verifyCommand(process.argv.slice(2), {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
});
