// At 320 pixels, which is a page at 400 %, to 2560: nothing scrolls sideways, nothing that axe finds, in each view and dialog.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { assert, calm, enter, field, go, scenario, still } from './support.mjs';
import { fill } from './filled.mjs';

const folder = process.env.PAGE_PICTURES;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LINES = Array.from({ length: 9 }, (_, n) => `VARIABLE_${n}=value\n`).join('');
const found = [];

mkdirSync(folder, { recursive: true });
await scenario(async (browser) => {
  fill();
  for (const [width, height, theme] of [
    [320, 640, 'light'],
    [768, 1024, 'dark'],
    [1440, 900, 'light'],
    [2560, 1300, 'dark'],
  ]) {
    const me = await enter(browser, { width, height, theme });
    await tour(me.page, (name) => look(me.page, `${name}-${width}`));
    calm(me);
    await me.context.close();
  }
});
assert.deepEqual(found, []);

async function tour(page, seen) {
  await page.locator('tbody .pill').first().waitFor();
  await seen('wide-secrets');
  await adding(page, seen);
  await page.getByRole('button', { name: 'skill:openai:access_token', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('ticket').waitFor();
  await seen('wide-secret');
  await close(page);
  await page.keyboard.press('?');
  await seen('wide-keys');
  await close(page);
  await go(page, 'Audit log');
  await page.locator('tbody .chip').first().waitFor();
  await seen('wide-audit');
  await page.getByRole('button', { name: /^Action: / }).click();
  await seen('wide-actions');
  await page.keyboard.press('Escape');
  await page.locator('tbody .name-button').first().click();
  await page.getByText('Link of the chain').waitFor();
  await seen('wide-entry');
  await close(page);
  await go(page, 'Status');
  await page.locator('.lines').nth(2).waitFor();
  await seen('wide-status');
  await go(page, 'Agents');
  await page.getByText('research-bot').waitFor();
  await seen('wide-agents');
}

async function adding(page, seen) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await seen('wide-choice');
  await dialog.getByRole('option', { name: /^AWS/ }).click();
  await seen('wide-platform');
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await field(dialog, 'Lines of a .env file').fill(LINES);
  await dialog.getByText('9 secrets found').waitFor();
  const list = dialog.locator('.found');
  await list.focus();
  assert.ok(await list.evaluate((node) => node === document.activeElement && node.scrollHeight > node.clientHeight));
  await seen('wide-env');
  await close(page);
}

async function close(page) {
  await page.getByRole('dialog').evaluate((node) => node.close());
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function look(page, name) {
  await still(page);
  const fullPage = (await page.locator('dialog[open]').count()) === 0;
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll('dialog[open], dialog[open] .dialog-body')]
      .filter((one) => one.scrollWidth > one.clientWidth)
      .map((one) => `${one.tagName} ${one.scrollWidth} > ${one.clientWidth}`),
  );
  found.push(...wide.map((words) => `${name}: ${words}`));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }),
    RULES,
  );
  found.push(
    ...violations.map((one) => `${name}: ${one.id}: ${one.nodes.map(({ target }) => target).slice(0, 3).join('; ')}`),
  );
}
