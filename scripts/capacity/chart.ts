import { create } from 'xmlbuilder2';
import { ITEMS, type Item, totalOf } from './bill.ts';
import { Fraction, larger } from './fraction.ts';
import type { Batch, Report } from './report.ts';

const [WIDTH, HEIGHT] = [760, 420];
const [LEFT, TOP, FLOOR] = [70, 60, 360];
const [BAR, GAP] = [70, 45];
const LEGEND_AT = 540;

/** Items that are drawn together: a bar of fifteen pieces is read by nobody. Hues that differ in lightness, too. */
const GROUPS: readonly { readonly name: string; readonly colour: string; readonly items: readonly Item[] }[] = [
  { name: 'Spanner compute', colour: '#1f5fbf', items: ['Spanner compute'] },
  { name: 'Spanner storage', colour: '#6fa8e8', items: ['Spanner storage'] },
  { name: 'Backups', colour: '#b0452b', items: ['Spanner backups', 'Firestore backups'] },
  { name: 'Firestore', colour: '#e8963a', items: ['Firestore operations', 'Firestore storage'] },
  { name: 'Vault', colour: '#3c8a4e', items: ['Vault storage', 'Vault operations'] },
  { name: 'Functions', colour: '#8d6bc4', items: ['Functions kept warm', 'Functions at work'] },
  { name: 'Logs and audit trail', colour: '#c25a94', items: ['Logs', 'Audit trail'] },
  { name: 'Edge, KMS, Pub/Sub', colour: '#8a8a8a', items: ['Edge and egress', 'Cloud KMS', 'Pub/Sub'] },
];

/** Items that no group draws: none, or the bars would be too short. */
export const undrawn = (): Item[] => ITEMS.filter((item) => !GROUPS.some(({ items }) => items.includes(item)));

const thousands = (amount: Fraction): string =>
  `${amount
    .over(Fraction.of(1000))
    .toDecimal(0)
    .replace(/\B(?=(?:[0-9]{3})+$)/g, ',')}k`;

/** Stacked bars of a year's cost by batch size, as SVG for light and dark pages. */
export function chartOf({ batches: all, target }: Report): string {
  const batches = all.filter(({ together }) => together === 1);
  const most = batches.reduce((top, { year }) => larger(top, totalOf(year)), target);
  const heightOf = (amount: Fraction): number =>
    Number(
      amount
        .times(Fraction.of(FLOOR - TOP))
        .over(most)
        .toDecimal(2),
    );
  const described = batches.map(({ batch, year }) => `batches of ${batch}: ${thousands(totalOf(year))} USD`).join('; ');

  const svg = create({ encoding: 'UTF-8' }).ele('svg', {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-labelledby': 'title desc',
  });
  svg.ele('title', { id: 'title' }).txt('Cost of a year by batch size');
  svg.ele('desc', { id: 'desc' }).txt(`${described}. The line is the aim of ${thousands(target)} USD.`);
  svg
    .ele('style')
    .txt(
      'text { font: 13px sans-serif; fill: #222 } line { stroke: #222 } @media (prefers-color-scheme: dark) { text { fill: #eee } line { stroke: #eee } }',
    );
  const text = (x: number, y: number, content: string, anchor = 'start'): void => {
    svg.ele('text', { x, y, 'text-anchor': anchor }).txt(content);
  };

  text(LEFT, 24, 'USD a year for the same events, by batch size');
  batches.forEach(({ batch, year }: Batch, index) => {
    const x = LEFT + GAP / 2 + index * (BAR + GAP);
    let y = FLOOR;
    for (const { name, colour, items } of GROUPS) {
      const amount = items.reduce((sum, item) => sum.plus(year[item]), Fraction.ZERO);
      const height = heightOf(amount);
      y -= height;
      const piece = svg.ele('rect', { x, y: y.toFixed(2), width: BAR, height: height.toFixed(2), fill: colour });
      piece.ele('title').txt(`${name}, batches of ${batch}: ${thousands(amount)} USD`);
    }
    text(x + BAR / 2, y - 6, thousands(totalOf(year)), 'middle');
    text(x + BAR / 2, FLOOR + 20, String(batch), 'middle');
  });
  text(LEFT, FLOOR + 44, 'events per request');
  svg.ele('line', { x1: LEFT, x2: LEGEND_AT - 20, y1: FLOOR, y2: FLOOR });
  const aim = (FLOOR - heightOf(target)).toFixed(2);
  svg.ele('line', { x1: LEFT, x2: LEGEND_AT - 20, y1: aim, y2: aim, 'stroke-dasharray': '5 4' });
  text(LEFT - 6, Number(aim) + 4, thousands(target), 'end');
  GROUPS.toReversed().forEach(({ name, colour }, index) => {
    const y = TOP + index * 24;
    svg.ele('rect', { x: LEGEND_AT, y, width: 14, height: 14, fill: colour });
    text(LEGEND_AT + 22, y + 12, name);
  });
  return `${svg.end({ prettyPrint: true })}\n`;
}
