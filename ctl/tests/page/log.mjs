// The log from end to end: by places, with true counts, and without what the page itself wrote into it.

import { assert, audited, calm, enter, field, go, newLink, scenario, still, store, vaultctl, visitor } from './support.mjs';

await scenario(async (browser) => {
  // Twenty times as many entries as secrets: beyond what is counted where something is narrowed.
  store(Array.from({ length: 500 }, (_, n) => ({ name: `item ${n}`, value: 'v' })));
  for (let round = 0; round < 20; round += 1) vaultctl(['rotate', '--all']);
  const me = await enter(browser);
  await typed(me.page);
  await typedSlowly(browser);
  await looks(me.page);
  await ends(me.page);
  await days(me.page);
  await walked(me.page);
  await chosen(me.page);
  await session(me.page);
  await live(me.page);
  calm(me);
});

function rows(page) {
  return page.locator('tbody .name-button');
}

async function places(page) {
  return (await rows(page).allInnerTexts()).map((text) => Number(text.slice(1)));
}

function button(page, name) {
  return page.getByRole('button', { name, exact: true });
}

function reads() {
  return audited('--action', 'read', '--limit', '1000').length;
}

// Ten letters, one after the other as a person types them, are one question.
async function typed(page) {
  const search = page.getByRole('searchbox', { name: 'Search' });
  await still(page);
  const before = reads();
  await search.focus();
  for (const letter of 'item 49999') {
    await page.keyboard.insertText(letter);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 230))));
  }
  await page.getByRole('heading', { name: 'No secret fits' }).waitFor();
  assert.ok(reads() - before <= 2, `${reads() - before} entries`);
  // One letter is asked for with Enter alone.
  await search.fill('7');
  await still(page);
  assert.ok(page.url().includes('49999'));
  await search.press('Enter');
  await page.waitForURL(/search=7$/);
  await search.fill('');
  await page.getByText('1–50 of 500 secrets').waitFor();
}

/** Types letters with pauses between them, in milliseconds of the page's clock. */
async function slowly(page, letters, pause) {
  for (const letter of letters) {
    await page.keyboard.insertText(letter);
    await page.clock.runFor(pause);
    await still(page);
  }
}

// Slow typing is waited for; however long the pauses in it are, typing a search is two entries at most, and the list then is
// of what the field says.
async function typedSlowly(browser) {
  const me = await visitor(browser);
  const { page } = me;
  const now = Date.now();
  await page.clock.install({ time: now });
  await page.clock.pauseAt(now + 1000);
  await page.goto(await newLink());
  await page.getByText('1–50 of 500 secrets').waitFor();
  const search = page.getByRole('searchbox', { name: 'Search' });
  for (const [words, pause, entries] of [
    ['item 41', 900, 1],
    ['item 42', 5_000, 2],
    ['item 43', 20_000, 2],
  ]) {
    await still(page);
    const before = reads();
    await search.focus();
    await slowly(page, words, pause);
    if (entries === 1) await page.clock.runFor(3_000);
    else {
      await page.getByText('Press Enter to search for this.').waitFor({ state: 'attached' });
      await search.evaluate((field) => field.blur());
    }
    await page.waitForURL(new RegExp(`search=${words.replace(' ', '\\+')}$`));
    await page.getByText('1–11 of 11 secrets').waitFor();
    assert.equal(reads() - before, entries, words);
    await search.fill('');
    await search.press('Enter');
    await page.getByText('1–50 of 500 secrets').waitFor();
  }
  calm(me);
  await me.context.close();
}

async function looks(page) {
  await lookedAt(page);
  await go(page, 'Audit log');
  const hide = button(page, 'Hide my looks');
  await rows(page).first().waitFor();
  assert.equal(await hide.getAttribute('aria-pressed'), 'true');
  const table = page.locator('tbody');
  assert.ok(!(await table.innerText()).includes('looked at a list'));
  await hide.click();
  await page.waitForURL(/looks=shown/);
  for (const words of [
    'looked at a list of 50 secrets with the dashboard',
    'looked up what is stored of 0 platforms with the dashboard',
    'looked up which of 1 name are taken with the dashboard',
    'looked at its versions with the dashboard',
  ])
    await table.getByText(words).first().waitFor();
  // What another program looks at stays in sight.
  vaultctl(['list']);
  await hide.click();
  await page.waitForURL(/audit$/);
  await table.getByText(/^looked at a list of 500 secrets$/).waitFor();
  assert.equal(await table.getByText('with the dashboard').count(), 0);
}

/** Has the page write each kind of look that it writes. */
async function lookedAt(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await field(dialog, 'Lines of a .env file').fill('A=1');
  await dialog.getByText('1 secret found').waitFor();
  await field(dialog, 'Lines of a .env file').fill('');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await button(page, 'item 0').click();
  await dialog.getByText('Versions').click();
  await dialog.getByText('Version 1', { exact: true }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

async function ends(page) {
  await button(page, 'Hide my looks').click();
  const last = audited('--limit', '1')[0].seq;
  await page.getByText(`of ${last.toLocaleString('en-GB')} entries`).waitFor();
  assert.ok(last > 10_500);
  assert.ok(await button(page, 'Newer').isDisabled());
  await button(page, 'Oldest').click();
  await button(page, 'Entry 1: unlock ').or(page.locator('[data-focus]', { hasText: /^#1$/ })).first().waitFor();
  assert.deepEqual(await places(page), Array.from({ length: 50 }, (_, n) => 50 - n));
  assert.ok(await button(page, 'Older').isDisabled());
  await button(page, 'Newer').click();
  await page.getByText('#100 to #51').waitFor();
  await page.goBack();
  await page.getByText('#50 to #1').waitFor();
  await button(page, 'Newest').click();
  await page.getByText(`#${last.toLocaleString('en-GB')} to`).waitFor();
  await page.evaluate(() => {
    location.hash = '#/audit?looks=shown&before=1';
  });
  await page.getByText('#50 to #1').waitFor();
}

// A day leads to its last entry; one before all of them to the oldest.
async function days(page) {
  await page.getByRole('button', { name: 'Newest' }).click();
  const day = field(page, 'Jump to a day');
  await day.fill('2001-02-03');
  await page.getByText('#50 to #1').waitFor();
  await day.fill(await page.evaluate(() => new Date().toLocaleDateString('sv')));
  const last = audited('--limit', '1')[0].seq;
  await page.getByText(`#${last.toLocaleString('en-GB')} to`).waitFor();
}

// Twenty pages to the past while entries are added: each place once.
async function walked(page) {
  await button(page, 'Newest').click();
  await still(page);
  const met = await places(page);
  const first = met[0];
  for (let step = 0; step < 20; step += 1) {
    vaultctl(['get', `item ${step}`]);
    await button(page, 'Older').click();
    await page.getByText(new RegExp(`^#${(met.at(-1) - 1).toLocaleString('en-GB')} to `)).waitFor();
    met.push(...(await places(page)));
  }
  assert.deepEqual(met, Array.from({ length: 21 * 50 }, (_, n) => first - n));
  await button(page, 'Newer').click();
  await page.getByText(new RegExp(`^#${met[19 * 50].toLocaleString('en-GB')} to `)).waitFor();
  assert.deepEqual(await places(page), met.slice(19 * 50, 20 * 50));
}

// Several actions at once, and those who have acted; each entry leads to its secret, its actor and has an address.
async function chosen(page) {
  await button(page, 'Newest').click();
  await page.getByRole('button', { name: /^Action: All/ }).click();
  await page.getByRole('checkbox', { name: 'decrypt' }).check();
  await page.getByRole('checkbox', { name: 'unlock' }).check();
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'decrypt, unlock');
  await page.waitForURL(/action=decrypt%2Cunlock/);
  await page.getByText('of 21 entries').waitFor();
  await field(page, 'Actor').selectOption({ label: 'system' });
  await page.getByText('of 1 entry', { exact: false }).waitFor();
  await page.reload();
  await page.getByText('of 1 entry', { exact: false }).waitFor();
  assert.equal(await field(page, 'Actor').inputValue(), 'system');
  await field(page, 'Actor').selectOption({ label: 'All' });
  await page.getByRole('button', { name: /^Entry \d+: decrypt item 19$/ }).click();
  await page.waitForURL(/#\/audit\/\d+\?/);
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('link', { name: 'item 19' }).waitFor();
  await page.goBack();
  await dialog.waitFor({ state: 'detached' });
  assert.match(page.url(), /#\/audit\?/);
  await page.goForward();
  await dialog.getByRole('link', { name: 'item 19' }).click();
  await page.waitForURL(/#\/secrets\/[0-9a-f-]{36}$/);
  await dialog.getByRole('heading', { name: 'item 19' }).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForURL(/#\/secrets$/);
  await page.evaluate(() => {
    location.hash = '#/audit/2';
  });
  await page.getByRole('dialog', { name: 'Entry 2' }).getByText('Link of the chain').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

// What this session wrote is hidden, values that it showed included, and comes back; what others wrote stays, by the same user too.
async function session(page) {
  await go(page, 'Secrets');
  await button(page, 'item 100').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog.getByText(/^Hidden again in/).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  vaultctl(['get', 'item 101']);
  await go(page, 'Audit log');
  const hide = button(page, 'Hide this session');
  const [own, other] = ['item 100', 'item 101'].map((name) => page.getByRole('button', { name: `decrypt ${name}` }));
  await own.waitFor();
  assert.equal(await hide.getAttribute('aria-pressed'), 'false');
  await hide.click();
  await page.waitForURL(/session=hidden/);
  await own.waitFor({ state: 'detached' });
  await other.waitFor();
  await page.reload();
  await other.waitFor();
  assert.equal(await own.count(), 0);
  assert.equal(await hide.getAttribute('aria-pressed'), 'true');
  await hide.click();
  await page.waitForURL(/audit$/);
  await own.waitFor();
}

async function live(page) {
  await still(page);
  await page.getByRole('button', { name: 'Oldest' }).click();
  await page.getByText('#50 to').or(page.getByText('#51 to')).first().waitFor();
  await page.getByRole('button', { name: 'Follow live' }).click();
  await page.waitForURL(/#\/audit$/);
  await still(page);
  vaultctl(['get', 'item 444']);
  await page.getByRole('button', { name: /decrypt item 444$/ }).waitFor();
  await page.getByRole('status').getByText('1 new entry').waitFor({ state: 'attached' });
}
