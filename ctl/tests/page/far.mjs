// A log of 110,000 entries: either end is one click away, and the way along it has no gap and no repeat.

import { assert, audited, calm, enter, field, go, scenario, still, store, vaultctl } from './support.mjs';

const SECRETS = 10_000;
const ENTRIES = 110_000;

await scenario(async (browser) => {
  store(Array.from({ length: SECRETS }, (_, n) => ({ name: `item ${n}`, value: 'v' })));
  for (let written = SECRETS; written < ENTRIES; written += SECRETS) vaultctl(['rotate', '--all']);
  assert.ok(last() >= ENTRIES);
  const me = await enter(browser);
  const { page } = me;
  await go(page, 'Audit log');
  await counted(page);
  await oldest(page);
  await walked(page, 'Newer', 1);
  await button(page, 'Newest').click();
  await page.waitForURL(/audit\?looks=shown$/);
  await walked(page, 'Older', -1);
  await between(page);
  await narrowed(page);
  calm(me);
});

function last() {
  return audited('--limit', '1')[0].seq;
}

function button(page, name) {
  return page.getByRole('button', { name, exact: true });
}

function number(place) {
  return place.toLocaleString('en-GB');
}

async function places(page) {
  const words = await page.locator('tbody .name-button').allInnerTexts();
  return words.map((text) => Number(text.slice(1)));
}

/** Waits for a page of the log that begins at a place. */
async function begins(page, place) {
  await page.getByText(new RegExp(`^#${number(place)} to `)).waitFor();
}

// The total is the whole log's, however long it is, and the chain is verified to its end.
async function counted(page) {
  await page.getByText(/^Chain verified, 110,\d{3} entries$/).waitFor();
  await button(page, 'Hide my looks').click();
  await page.getByText(`of ${number(last())} entries`).waitFor();
}

async function oldest(page) {
  await button(page, 'Oldest').click();
  await page.getByText(`#50 to #1 of ${number(last())} entries`).waitFor();
  assert.deepEqual(await places(page), Array.from({ length: 50 }, (_, n) => 50 - n));
  assert.ok(await button(page, 'Older').isDisabled());
}

// Twenty pages while entries are added: each place once, in one order.
async function walked(page, way, step) {
  await still(page);
  let shown = await places(page);
  const met = step > 0 ? shown.toReversed() : shown;
  for (let turn = 0; turn < 20; turn += 1) {
    vaultctl(['get', `item ${turn}`]);
    const next = step > 0 ? shown[0] + 50 : shown.at(-1) - 1;
    await button(page, way).click();
    await begins(page, next);
    shown = await places(page);
    met.push(...(step > 0 ? shown.toReversed() : shown));
  }
  assert.deepEqual(met, Array.from({ length: 21 * 50 }, (_, n) => met[0] + step * n));
}

// Any place is as near as the ends, those beyond what was once counted too.
async function between(page) {
  for (const place of [100_155, 55_000, 9_951]) {
    await page.evaluate((before) => {
      location.hash = `#/audit?looks=shown&before=${before}`;
    }, place + 1);
    await begins(page, place);
    assert.deepEqual(await places(page), Array.from({ length: 50 }, (_, n) => place - n));
  }
}

// What is narrowed is counted up to a limit that is said, and its oldest is one click away too.
async function narrowed(page) {
  await field(page, 'Outcome').selectOption('ok');
  await page.getByText('of more than 10,000 entries').waitFor();
  const search = page.getByRole('searchbox', { name: 'Search' });
  await search.fill('item 9999');
  await search.press('Enter');
  await page.getByText('of 11 entries').waitFor();
  await search.fill('item');
  await search.press('Enter');
  await page.getByText('of more than 10,000 entries').waitFor();
  await button(page, 'Oldest').click();
  await page.waitForURL(/after=0/);
  await still(page);
  const words = await page.locator('tbody .name-button').last().getAttribute('aria-label');
  assert.match(words, /^Entry [2-9]: migrate item 0$/);
}
