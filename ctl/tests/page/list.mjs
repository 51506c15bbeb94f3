// A long list: searched, filtered, sorted, paged, all of it in the address; many at once.

import { assert, audited, calm, enter, field, held, scenario, still, store, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  const entries = Array.from({ length: 118 }, (_, at) => ({
    name: `item ${String(at).padStart(3, '0')}`,
    value: `v${at}`,
  }));
  entries.push(
    { name: 'skill:openai:access_token', value: 'sk' },
    { name: 'skill:aws:region', value: 'eu' },
    { name: 'of another', value: 'x', orgId: 'acme' },
  );
  store(entries);
  const me = await enter(browser);
  await paged(me.page);
  await narrowed(me.page);
  await sorted(me.page);
  await waiting(me.page);
  await failing(me);
  await rotatedMany(me.page);
  me.expect(/status of 404/);
  await deletedMany(me.page);
  calm(me);
});

function first(page, name) {
  const row = page.locator('tbody tr').first();
  return row.getByRole('button', { name, exact: true }).waitFor();
}
function counted(page, words) {
  return page.getByText(words, { exact: true }).waitFor();
}

async function paged(page) {
  await counted(page, '1–50 of 121 secrets');
  await page.getByRole('button', { name: 'Next' }).click();
  await counted(page, '51–100 of 121 secrets');
  await page.getByRole('button', { name: 'Next' }).click();
  await counted(page, '101–121 of 121 secrets');
  assert.ok(page.url().endsWith('#/secrets?page=3'));
  assert.ok(await page.getByRole('button', { name: 'Next' }).isDisabled());
  await page.goBack();
  await counted(page, '51–100 of 121 secrets');
  await page.goForward();
  await page.reload();
  await counted(page, '101–121 of 121 secrets');
}

async function narrowed(page) {
  const search = page.getByRole('searchbox', { name: 'Search' });
  // What is typed counts also if its field is left, and the list is read again, before it stands in the address.
  await still(page);
  await search.evaluate((input) => {
    input.focus();
    input.value = 'item 11';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    input.blur();
    window.dispatchEvent(new Event('hashchange'));
  });
  await counted(page, '1–8 of 8 secrets');
  assert.ok(page.url().endsWith('#/secrets?search=item+11'));
  await page.getByRole('searchbox', { name: 'Search' }).fill('');
  await field(page, 'Category').selectOption({ label: 'Cloud Storage' });
  await first(page, 'skill:aws:region');
  await field(page, 'Category').selectOption({ label: 'All' });
  // What there is can be chosen, under the name that people know.
  await field(page, 'Platform').selectOption({ label: 'OpenAI' });
  await first(page, 'skill:openai:access_token');
  await field(page, 'Platform').selectOption({ label: 'All' });
  await field(page, 'Organisation').selectOption({ label: 'acme (1)' });
  await first(page, 'of another');
  await page.getByText('in acme').waitFor();
  await page.getByRole('searchbox', { name: 'Search' }).fill('nothing has this');
  await page.getByRole('heading', { name: 'No secret fits' }).waitFor();
  // Words that wait for Enter are not searched by a press elsewhere, under which the list would change.
  await page.getByRole('searchbox', { name: 'Search' }).fill('nothing has this either');
  await page.getByRole('button', { name: 'Show all' }).hover();
  await page.mouse.down();
  await still(page);
  await page.mouse.up();
  await counted(page, '1–50 of 121 secrets');
  assert.equal(await page.getByRole('searchbox', { name: 'Search' }).inputValue(), '');
}

async function sorted(page) {
  const head = page.getByRole('columnheader', { name: 'Name' });
  assert.equal(await head.getAttribute('aria-sort'), 'ascending');
  for (const [column, sort] of [
    ['Created', 'createdAt'],
    ['Value from', 'versionCreatedAt'],
    ['Expires', 'expiresAt'],
    ['Category', 'category'],
  ]) {
    await page.getByRole('columnheader', { name: column }).getByRole('button', { name: column, exact: true }).click();
    await page.waitForURL(new RegExp(`sort=${sort}$`));
  }
  await head.getByRole('button').click();
  await page.waitForURL(/sort=name$/);
  await head.getByRole('button').click();
  await first(page, 'skill:openai:access_token');
  assert.equal(await head.getAttribute('aria-sort'), 'descending');
}

// While a list is on its way, its place is kept by grey bars.
async function waiting(page) {
  const list = await held(page, /\/vault\/secrets\?/);
  await page.reload();
  await page.locator('tbody[aria-busy="true"] .skeleton').first().waitFor();
  list.release();
  await counted(page, '1–50 of 121 secrets');
  await page.unrouteAll({ behavior: 'wait' });
}

async function failing({ page, expect }) {
  expect(/status of 500/);
  const json = { error: 'a row does not authenticate', code: 'integrity', hint: 'restore a backup' };
  await page.route(/\/vault\/secrets\?/, (route) => route.fulfill({ status: 500, json }));
  await page.reload();
  await page.getByRole('alert').getByText('A row does not authenticate').waitFor();
  await page.getByRole('alert').getByText('Restore a backup').waitFor();
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('button', { name: 'Try again' }).click();
  await counted(page, '1–50 of 121 secrets');
}

async function rotatedMany(page) {
  await page.getByRole('searchbox', { name: 'Search' }).fill('item 10');
  await counted(page, '1–10 of 10 secrets');
  await page.getByRole('checkbox', { name: 'Choose all on this page' }).check();
  await page.getByText('10 secrets chosen').waitFor();
  await page.getByRole('checkbox', { name: 'Choose item 105' }).uncheck();
  await page.getByRole('button', { name: 'Re-encrypt', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Re-encrypt 9 secrets' }).click();
  await told(page, '9 secrets re-encrypted.');
  assert.equal(audited('--action', 'rotate').length, 9);
}

async function deletedMany(page) {
  // What is chosen stays chosen on another page; the question names the count.
  await page.getByRole('checkbox', { name: 'Choose item 100' }).check();
  await page.getByRole('searchbox', { name: 'Search' }).fill('item 11');
  await counted(page, '1–8 of 8 secrets');
  await page.getByRole('checkbox', { name: 'Choose item 110' }).check();
  await page.getByText('2 secrets chosen').waitFor();
  vaultctl(['rm', 'item 110', '--yes']);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const question = page.getByRole('dialog', { name: 'Delete 2 secrets?' });
  await question.getByText('Deletion is permanent.').waitFor();
  await question.getByRole('button', { name: 'Delete 2 secrets' }).click();
  await page.getByText('1 of 2 secrets could not be deleted').waitFor();
  await page.keyboard.press('Escape');
  await counted(page, '1–7 of 7 secrets');
  assert.ok(!vaultctl(['list']).includes('item 100'));
}
