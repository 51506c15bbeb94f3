// A list says what is so: no page past its end, what expires first first, nothing called empty that is not.

import { assert, calm, enter, field, go, scenario, still, store, told } from './support.mjs';

const DAY = 86400e3;
const at = (days) => new Date(Date.now() + days * DAY).toISOString();

await scenario(async (browser) => {
  store(Array.from({ length: 43 }, (_, n) => ({ name: `plain ${String(n).padStart(2, '0')}`, value: 'v' })));
  store([
    ...[-40, -1, 3, 9, 20, 29, 200, 300].map((days) => ({ name: `in ${days}`, value: 'v', expiresAt: at(days) })),
    { name: 'elsewhere', value: 'v', orgId: 'acme' },
  ]);
  const me = await enter(browser);
  await past(me.page);
  await lastRow(me.page);
  await expiring(me.page);
  await seen(me.page);
  calm(me);
});

function names(page) {
  return page.locator('tbody .name-button').allInnerTexts();
}

function counted(page, words) {
  return page.getByText(words, { exact: true }).waitFor();
}

async function to(page, hash) {
  await page.evaluate((next) => {
    location.hash = next;
  }, hash);
}

async function past(page) {
  await counted(page, '1–50 of 52 secrets');
  for (const number of ['999', '3', '1e9', '99999999999999999999']) {
    await to(page, `#/secrets?page=${number}`);
    await page.waitForURL(/page=2$/);
    await counted(page, '51–52 of 52 secrets');
  }
  for (const number of ['0', '-1', 'x', '1.7']) {
    await to(page, `#/secrets?page=${number}`);
    await counted(page, '1–50 of 52 secrets');
  }
  await page.getByRole('button', { name: 'Last' }).click();
  await counted(page, '51–52 of 52 secrets');
  assert.equal(await page.evaluate(() => scrollY), 0);
  await page.getByRole('button', { name: 'First' }).click();
  await counted(page, '1–50 of 52 secrets');
  // A list that is narrowed to nothing is not an empty vault.
  await to(page, '#/secrets?org=acme&page=7&search=nothing');
  await page.getByRole('heading', { name: 'No secret fits' }).waitFor();
}

async function lastRow(page) {
  await to(page, '#/secrets?org=default');
  await counted(page, '1–50 of 51 secrets');
  await page.getByRole('button', { name: 'Next' }).click();
  await counted(page, '51–51 of 51 secrets');
  const name = (await names(page))[0];
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await told(page, `${name} is deleted.`);
  await counted(page, '1–50 of 50 secrets');
  assert.ok(!page.url().includes('page='));
}

async function expiring(page) {
  await to(page, '#/secrets');
  const head = page.getByRole('columnheader', { name: 'Expires' });
  await head.getByRole('button').click();
  await page.waitForURL(/sort=expiresAt$/);
  await still(page);
  assert.deepEqual((await names(page)).slice(0, 4), ['in -40', 'in -1', 'in 3', 'in 9']);
  await head.getByRole('button').click();
  await page.waitForURL(/sort=-expiresAt$/);
  await still(page);
  assert.deepEqual((await names(page)).slice(0, 3), ['in 300', 'in 200', 'in 29']);
  for (const [words, expected] of [
    ['Expired', ['in -1', 'in -40']],
    ['Within 30 days', ['in 29', 'in 20', 'in 9', 'in 3']],
    ['Expires at some time', ['in 300', 'in 200', 'in 29', 'in 20', 'in 9', 'in 3', 'in -1', 'in -40']],
  ]) {
    await field(page, 'Expiry').selectOption({ label: words });
    await still(page);
    assert.deepEqual(await names(page), expected);
  }
}

// The list behind a card is in the card's order; an expired secret is a warning.
async function seen(page) {
  const soon = Array.from({ length: 4 }, (_, n) => ({ name: `soon ${n}`, value: 'v', expiresAt: at(10 + n) }));
  store(soon);
  await go(page, 'Status');
  const card = page.locator('section', { has: page.getByRole('heading', { name: 'Expiring within 30 days' }) });
  await card.getByRole('link').first().waitFor();
  const first = await card.getByRole('link').first().innerText();
  assert.equal(first, 'in 3');
  await page.getByText('2 secrets have expired').waitFor();
  assert.equal(await page.getByText('Nothing needs attention').count(), 0);
  await card.getByRole('link', { name: 'See all 8 secrets' }).click();
  await counted(page, '1–8 of 8 secrets');
  assert.equal((await names(page))[0], first);
  await page.goBack();
  await page.getByRole('link', { name: 'See what has expired' }).click();
  await counted(page, '1–2 of 2 secrets');
  assert.deepEqual(await names(page), ['in -40', 'in -1']);
}
