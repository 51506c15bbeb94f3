// Every view and dialog, in one theme, wide and narrow: no barrier that axe finds, nothing that scrolls sideways, a picture of each.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { assert, calm, enter, field, go, newLink, scenario, still, visitor } from './support.mjs';
import { fill } from './filled.mjs';

const theme = process.argv[2] ?? 'light';
const folder = process.env.PAGE_PICTURES;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const found = [];

mkdirSync(folder, { recursive: true });

await scenario(async (browser) => {
  fill();
  const gone = await visitor(browser, { theme, width: 360, height: 740 });
  await gone.page.goto(new URL('/', await newLink()).href);
  await gone.page.getByRole('heading', { name: 'This tab has no session' }).waitFor();
  await look(gone.page, 'gate-360');
  calm(gone);
  const me = await enter(browser, { theme, width: 1440 });
  await tour(me.page);
  calm(me);
});
assert.deepEqual(found, []);

async function tour(page) {
  await views(page);
  await adding(page);
  await viewing(page);
  await go(page, 'Audit log');
  await page.locator('tbody .name-button').first().click();
  await both(page, 'entry');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Export…' }).click();
  await both(page, 'export');
  await page.keyboard.press('Escape');
  await agents(page);
  await states(page);
}

async function views(page) {
  await page.locator('tbody .pill').first().waitFor();
  await both(page, 'secrets');
  await page.locator('tbody .cell-check input').nth(1).check();
  await both(page, 'secrets-chosen');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await both(page, 'confirm');
  await page.keyboard.press('Escape');
  await page.getByRole('searchbox').fill('there is none');
  await page.getByRole('heading', { name: 'No secret fits' }).waitFor();
  await both(page, 'secrets-none');
  await go(page, 'Audit log');
  await page.getByText('Chain verified').waitFor();
  await page.locator('tbody .chip').first().waitFor();
  await both(page, 'audit');
  await go(page, 'Status');
  await page.locator('.lines').nth(1).waitFor();
  await both(page, 'status');
  await go(page, 'Agents');
  await page.getByText('research-bot').waitFor();
  await both(page, 'agents');
}

async function adding(page) {
  await go(page, 'Secrets');
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').fill('a');
  await both(page, 'add-choice');
  await dialog.getByRole('combobox').fill('aws');
  await dialog.getByRole('combobox').press('Enter');
  await dialog.getByRole('button', { name: 'Replace Access Key ID' }).click();
  await field(dialog, 'Access Key ID').fill('not one');
  await both(page, 'add-platform');
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('skill:Not a name');
  await dialog.getByText('Generate a value').click();
  await dialog.getByRole('button', { name: 'Add a row' }).click();
  await both(page, 'add-custom');
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await field(dialog, 'Lines of a .env file').fill('OPENAI_API_KEY=sk-1\nMY_OWN=2\nGITHUB_TOKEN=ghp_1\n');
  await dialog.getByText('3 secrets found').waitFor();
  await both(page, 'add-env');
  await page.keyboard.press('Escape');
  await both(page, 'discard');
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
}

async function viewing(page) {
  await page.getByRole('button', { name: 'skill:openai:access_token', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('ticket').waitFor();
  await dialog.getByText('Versions').click();
  await dialog.getByText('Version 2').waitFor();
  await both(page, 'secret');
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog.getByText('Hidden again in').waitFor();
  await both(page, 'secret-shown');
  await dialog.getByRole('button', { name: 'Edit' }).click();
  await both(page, 'secret-edit');
  await page.keyboard.press('Escape');
}

async function agents(page) {
  await go(page, 'Agents');
  await page.getByRole('button', { name: 'Add agent' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('What its process must be').click();
  await both(page, 'agent-add');
  await field(dialog, 'Name').fill('writer');
  await field(dialog, 'Names').fill('skill:notion:*');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByText('This token is shown this once').waitFor();
  await both(page, 'agent-token');
  await dialog.getByRole('button', { name: 'I have it' }).press('Enter');
  await dialog.waitFor({ state: 'hidden' });
}

async function states(page) {
  await go(page, 'Status');
  await page.getByRole('button', { name: 'Re-encrypt all…' }).click();
  await both(page, 'reencrypt-all');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Lock now…' }).click();
  await page.getByRole('button', { name: 'Lock now', exact: true }).click();
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  await both(page, 'status-locked');
  await page.getByRole('button', { name: 'Unlock…' }).click();
  await both(page, 'unlock');
  await page.keyboard.press('Escape');
}

async function both(page, name) {
  for (const [width, height] of [
    [1440, 900],
    [360, 740],
  ]) {
    await resize(page, width, height);
    await look(page, `${name}-${width}`);
  }
  await resize(page, 1440, 900);
}

// A click at a place that the window had before is lost; once it is still the whole browser knows its new size.
async function resize(page, width, height) {
  await page.setViewportSize({ width, height });
  await still(page);
}

async function look(page, name) {
  await page.screenshot({
    path: join(folder, `${name}-${theme}.png`),
    fullPage: !(await page.locator('dialog[open]').count()),
  });
  const sideways = await page.evaluate(
    () =>
      document.documentElement.scrollWidth > innerWidth ||
      [...document.querySelectorAll('dialog[open], dialog[open] .dialog-body')].some(
        (one) => one.scrollWidth > one.clientWidth,
      ),
  );
  if (sideways) found.push(`${name}: scrolls sideways`);
  // A dialog is the same wide and narrow, but that there is less room for it.
  if (name.endsWith('-1440') && (await page.locator('dialog[open]').count())) return;
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (tags) => window.axe.run(document, { runOnly: tags, resultTypes: ['violations'] }),
    RULES,
  );
  for (const one of violations)
    found.push(
      `${name}: ${one.id}: ${one.nodes
        .map((node) => `${node.target} (${node.failureSummary})`)
        .slice(0, 3)
        .join('; ')}`,
    );
}
