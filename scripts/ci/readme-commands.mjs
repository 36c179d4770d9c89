// Runs every command of the README as it stands there, so that the page cannot drift from what works. Plain JavaScript: it
// runs before anything is installed.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const blocks = [...readFileSync('README.md', 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) =>
  match[1].trim(),
);
// A trace that lies beside the checkout is billed as well.
const more = process.argv.slice(2);
let passed = 0;
let failed = 0;

for (const block of [...blocks, ...more]) {
  console.log(`\n$ ${block.replaceAll('\n', '\n$ ')}`);
  const started = Date.now();
  const { ok, output } = block === 'npm start' ? await runUntilListening() : await run(block);
  for (const [, count, what] of output.matchAll(/^\s+(\d+) (passing|failing)\b/gm)) {
    if (what === 'passing') passed += Number(count);
    else failed += Number(count);
  }
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? 'ok' : 'FAILED'} after ${Math.round((Date.now() - started) / 1000)} s`);
}

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(script) {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const [stream, to] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.on('data', (chunk) => {
        output += chunk;
        to.write(chunk);
      });
    }
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/** `npm start` does not end by itself: once it listens it is told to stop, and must stop cleanly. */
function runUntilListening() {
  return new Promise((resolve) => {
    // A group of its own: npm does not hand signals on to what it started.
    const child = spawn('npm', ['start'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, PORT: '0' },
    });
    let output = '';
    let told = false;
    const tell = () => {
      if (told) return;
      told = true;
      process.kill(-child.pid, 'SIGTERM');
    };
    const patience = setTimeout(tell, 60_000);
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
      if (output.includes('shown only now') || output.includes('listens on')) setTimeout(tell, 1500);
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
      process.stderr.write(chunk);
    });
    child.on('close', () => {
      clearTimeout(patience);
      resolve({ ok: output.includes('listens on') && output.includes('"message":"stopped"'), output: '' });
    });
  });
}
