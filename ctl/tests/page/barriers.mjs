// What keeps people out of a state of the page: axe's findings, what scrolls sideways or is cut off; with a picture of each.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { still } from './support.mjs';

const folder = process.env.PAGE_PICTURES;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const HEIGHTS = { 320: 640, 768: 1024, 1440: 900, 2560: 1300 };

mkdirSync(folder, { recursive: true });

/** Makes the look at a state of a page in a theme, in each of some widths; `found` is what keeps people out. */
export function looking(theme, widths) {
  const found = [];
  const look = async (page, name) => {
    for (const width of widths) {
      await page.setViewportSize({ width, height: HEIGHTS[width] });
      await still(page);
      const dialog = (await page.locator('dialog[open]').count()) > 0;
      await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`), fullPage: !dialog });
      found.push(...[...(await wide(page)), ...(await cut(page)), ...(await violations(page))].map((one) => `${name} at ${width}: ${one}`));
    }
  };
  return { found, look };
}

function wide(page) {
  return page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('dialog[open], dialog[open] .dialog-body')]
      .filter((one) => one.scrollWidth > one.clientWidth)
      .map((one) => `${one.tagName} scrolls sideways, ${one.scrollWidth} > ${one.clientWidth}`),
  );
}

/** What fields say before they are filled and have no room for, but for examples. */
function cut(page) {
  return page.locator('input[placeholder]:not([data-example]):visible').evaluateAll((all) =>
    all
      .filter((one) => {
        const { font, paddingLeft, paddingRight } = getComputedStyle(one);
        const pen = document.createElement('canvas').getContext('2d');
        pen.font = font;
        const room = one.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
        return pen.measureText(one.placeholder).width > room;
      })
      .map(({ placeholder }) => `${placeholder} is cut off`),
  );
}

async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  // What is behind a dialog was looked at without it, and nothing of it can be reached.
  const all = await page.evaluate(async (tags) => {
    const top = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
    return (await window.axe.run(top, { runOnly: tags, resultTypes: ['violations'] })).violations;
  }, RULES);
  const where = ({ nodes }) => nodes.slice(0, 3).map((node) => `${node.target} (${node.failureSummary})`).join('; ');
  return all.map((one) => `${one.id}: ${where(one)}`);
}
