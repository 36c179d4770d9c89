import { readFile, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { create } from 'xmlbuilder2';

const percent = (text: string): number => {
  if (/^\d{1,2}(?:\.\d{1,3})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a percentage below 100.');
};

const program = new Command('flame')
  .description(
    'Draws a CPU profile (node --cpu-prof) as a flame graph: width is time, what called what stands below it.',
  )
  .argument('<file>', 'a .cpuprofile')
  .requiredOption('--svg <out>', 'where to write the picture')
  .option('--title <text>', 'what was profiled', 'CPU profile')
  .option('--least <percent>', 'frames that took less are left out', percent, 0.4)
  .parse();
const { svg, title, least } = program.opts<{ svg: string; title: string; least: number }>();

/** The form of a V8 CPU profile, as far as it is read. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Time of a function below one caller, and of what it called. */
interface Frame {
  readonly name: string;
  readonly kind: 'ours' | 'library' | 'runtime';
  micros: number;
  readonly children: Map<string, Frame>;
}

const LEFT_OUT = new Set(['(idle)', '(root)']);
const ROW = 17;
const WIDTH = 1200;
const COLORS = { ours: '#e8590c', library: '#74b816', runtime: '#4dabf7' } as const;

const profile = JSON.parse(await readFile(program.args[0]!, 'utf8')) as Profile;
const byId = new Map(profile.nodes.map((node) => [node.id, node]));
const parents = new Map(
  profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
);
const root: Frame = { name: title, kind: 'runtime', micros: 0, children: new Map() };

for (const [i, id] of profile.samples.entries()) {
  const stack: number[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) stack.push(at);
  if (LEFT_OUT.has(byId.get(id)!.callFrame.functionName)) continue;
  const micros = profile.timeDeltas[i] ?? 0;
  let frame = root;
  frame.micros += micros;
  for (const step of stack.reverse()) {
    const { functionName, url } = byId.get(step)!.callFrame;
    if (LEFT_OUT.has(functionName)) continue;
    const kind =
      url === '' || url.startsWith('node:') ? 'runtime' : url.includes('/node_modules/') ? 'library' : 'ours';
    const place = kind === 'ours' ? ` ${url.split('/').slice(-2).join('/')}` : '';
    const name = `${functionName === '' ? '(anonymous)' : functionName}${place}`;
    let child = frame.children.get(name);
    if (child === undefined) {
      child = { name, kind, micros: 0, children: new Map() };
      frame.children.set(name, child);
    }
    child.micros += micros;
    frame = child;
  }
}

const shown: { readonly frame: Frame; readonly depth: number; readonly from: number }[] = [];
const lay = (frame: Frame, depth: number, from: number): void => {
  if (frame.micros < (root.micros * least) / 100) return;
  shown.push({ frame, depth, from });
  let next = from;
  for (const child of [...frame.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    lay(child, depth + 1, next);
    next += child.micros;
  }
};
lay(root, 0, 0);

const depth = Math.max(...shown.map((one) => one.depth)) + 1;
const height = (depth + 2) * ROW;
const picture = create({ version: '1.0', encoding: 'UTF-8' }).ele('svg', {
  ...{ xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${height}`, role: 'img' },
  ...{ 'font-family': 'ui-monospace, monospace', 'font-size': '11' },
});
picture.ele('title').txt(title);
picture.ele('desc').txt(`A flame graph of ${shown.length} frames; orange is ours, green libraries, blue the runtime.`);
picture.ele('rect', { width: WIDTH, height, fill: '#ffffff' });
for (const { frame, depth: row, from } of shown) {
  const x = (from / root.micros) * WIDTH;
  const width = (frame.micros / root.micros) * WIDTH;
  const y = height - (row + 1.5) * ROW;
  const share = `${((frame.micros / root.micros) * 100).toFixed(1)} %`;
  const group = picture.ele('g');
  group.ele('title').txt(`${frame.name}: ${share}`);
  const place = { x: x.toFixed(1), y: y.toFixed(1), width: Math.max(0.5, width - 0.5).toFixed(1), height: ROW - 1 };
  group.ele('rect', { ...place, fill: row === 0 ? '#ced4da' : COLORS[frame.kind], rx: 1 });
  const letters = Math.floor((width - 6) / 6.7);
  if (letters < 3) continue;
  const text = row === 0 ? title : frame.name;
  const label = { x: (x + 3).toFixed(1), y: (y + 12).toFixed(1), fill: '#212529' };
  group.ele('text', label).txt(text.length > letters ? `${text.slice(0, letters - 1)}…` : text);
}
await writeFile(svg, picture.end({ prettyPrint: true }));
console.log(`${svg}: ${shown.length} frames, ${(root.micros / 1e6).toFixed(1)} s of work`);
