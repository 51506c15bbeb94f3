// Shortcuts, and lists by keys: one Tab stop a row, arrows in it and from row to row, an address for what is open.

import { assert, calm, enter, go, scenario, still, store } from './support.mjs';

await scenario(async (browser) => {
  store(['alpha', 'beta', 'gamma'].map((name) => ({ name, value: name })));
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('button', { name: 'gamma', exact: true }).waitFor();
  await shortcuts(page);
  await off(page);
  await palette(page);
  await stops(page);
  await rows(page);
  await addresses(page);
  calm(me);
});

function focused(page) {
  return page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText);
}

async function keys(page, ...all) {
  for (const key of all) await page.keyboard.press(key);
}

async function shortcuts(page) {
  await keys(page, '/');
  assert.equal(await page.evaluate(() => document.activeElement.type), 'search');
  // In a field keys are letters.
  await keys(page, '?', 'n', 'g', 'l');
  assert.equal(await page.getByRole('searchbox').inputValue(), '?ngl');
  await page.getByRole('searchbox').fill('');
  await still(page);
  await page.evaluate(() => document.activeElement.blur());
  for (const [key, view] of [
    ['l', 'Audit log'],
    ['t', 'Status'],
    ['a', 'Agents'],
    ['s', 'Secrets'],
  ]) {
    await keys(page, 'g', key);
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
  }
  await page.getByRole('button', { name: 'gamma', exact: true }).waitFor();
  await keys(page, 'n');
  await page.getByRole('dialog', { name: 'Add secrets' }).waitFor();
  await keys(page, 'Escape', 'Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

// People who dictate can turn single keys off (WCAG 2.1.4).
async function off(page) {
  await keys(page, '?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await dialog.getByText('Go to Audit log').waitFor();
  await dialog.getByRole('checkbox').uncheck();
  await keys(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
  await keys(page, 'g', 'l', 'n', '/');
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'Secrets');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await keys(page, '?');
  await dialog.getByRole('checkbox').check();
  await keys(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
}

// Ctrl-K finds views, what can be done in the one that is open, and secrets; in a field too.
async function palette(page) {
  const dialog = page.getByRole('dialog', { name: 'Find' });
  const chosen = async (words) => {
    await keys(page, 'Control+k');
    await dialog.waitFor();
    await page.keyboard.type(words);
    await keys(page, 'Enter');
    await dialog.waitFor({ state: 'detached' });
  };
  await chosen('stat');
  await page.getByRole('heading', { level: 1, name: 'Status' }).waitFor();
  await page.getByRole('button', { name: 'Lock now…' }).waitFor();
  await chosen('lock n');
  await page.getByRole('dialog', { name: 'Lock the vault?' }).getByRole('button', { name: 'Cancel' }).press('Enter');
  await keys(page, 'Control+k', 'Escape');
  await dialog.waitFor({ state: 'detached' });
  await chosen('gam');
  await page.waitForURL(/#\/secrets\?search=gam$/);
  await page.getByText('1–1 of 1 secret').waitFor();
  await page.getByRole('searchbox').focus();
  await chosen('add');
  await page.getByRole('dialog', { name: 'Add secrets' }).waitFor();
  // What is open comes first.
  await keys(page, 'Control+k');
  assert.equal(await dialog.count(), 0);
  await keys(page, 'Escape', 'Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Show all' }).or(page.getByRole('searchbox')).first().waitFor();
  await page.getByRole('searchbox').fill('');
  await page.getByRole('button', { name: 'beta', exact: true }).waitFor();
}

async function stops(page) {
  await page.reload();
  await page.getByRole('button', { name: 'gamma', exact: true }).waitFor();
  await keys(page, 'Tab', 'Enter');
  let presses = 0;
  do {
    await keys(page, 'Tab');
    presses += 1;
  } while ((await focused(page)) !== 'alpha' && presses < 40);
  assert.ok(presses <= 8, `${presses} Tab stops to the first row`);
  await keys(page, 'Tab');
  assert.equal(await focused(page), 'beta');
  await keys(page, 'Shift+Tab');
}

async function rows(page) {
  const along = [];
  for (let step = 0; step < 4; step += 1) {
    await keys(page, 'ArrowRight');
    along.push(await focused(page));
  }
  assert.deepEqual(along, ['View alpha', 'Re-encrypt alpha', 'Delete alpha', 'Delete alpha']);
  await keys(page, 'ArrowDown');
  assert.equal(await focused(page), 'Delete beta');
  await keys(page, 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft');
  assert.equal(await focused(page), 'Choose beta');
  await keys(page, 'Space', 'End');
  assert.equal(await focused(page), 'Choose gamma');
  await page.getByText('1 secret chosen').waitFor();
  await keys(page, 'Home');
  assert.equal(await page.evaluate(() => document.activeElement.closest('thead') !== null), true);
  // The row is headed by its name, and is no cell of a grid.
  assert.equal(await page.getByRole('rowheader').count(), 3);
  assert.equal(await page.locator('[aria-selected]').count(), 0);
  await page.getByRole('button', { name: 'Choose none' }).press('Enter');
}

async function addresses(page) {
  await page.getByRole('button', { name: 'beta', exact: true }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'beta' });
  await dialog.getByText('Created by').waitFor();
  await page.waitForURL(/#\/secrets\/[0-9a-f-]{36}$/);
  const address = page.url();
  await page.goBack();
  await dialog.waitFor({ state: 'detached' });
  assert.match(page.url(), /\/(#\/secrets)?$/);
  assert.equal(await focused(page), 'beta');
  await page.goForward();
  await dialog.getByText('Created by').waitFor();
  await page.reload();
  await dialog.getByText('Created by').waitFor();
  await keys(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
  await go(page, 'Status');
  await page.evaluate((to) => location.assign(to), address);
  await dialog.getByText('Created by').waitFor();
  for (const wrong of ['#/secrets/none', '#/secrets/%E0%A4%A', '#/audit/x', '#/audit/999999']) {
    await page.evaluate((to) => location.assign(to), wrong);
    await page.getByRole('dialog', { name: 'beta' }).waitFor({ state: 'detached' });
    await still(page);
  }
  await page.getByRole('alert').getByText('The log has no such entry.').waitFor();
}
