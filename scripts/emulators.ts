import { Command } from 'commander';
import { EMULATORS, HOST_VARIABLE, isAvailable, startEmulator } from './emulators/emulators.ts';
import { runErrand } from './support/errand.ts';

new Command('emulators')
  .description(
    'Starts the official emulators of Spanner, Firestore and Pub/Sub on free ports, prints how to reach them, and stops them on Ctrl-C.',
  )
  .parse();

await runErrand(async () => {
  const started = [];
  for (const name of EMULATORS) {
    if (!isAvailable(name)) {
      console.log(`# no ${name} emulator here: it comes with the Google Cloud SDK`);
      continue;
    }
    const emulator = await startEmulator(name);
    started.push(emulator);
    console.log(`export ${HOST_VARIABLE[name]}=${emulator.host}`);
  }
  if (started.length === 0) return;
  console.log('# until Ctrl-C');
  await new Promise<void>((resolve) => {
    const waiting = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(waiting);
        resolve();
      });
    }
  });
  for (const emulator of started) await emulator.stop();
});
