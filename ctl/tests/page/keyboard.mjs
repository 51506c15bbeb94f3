// Everything by keys alone: no pointer is moved in this scenario.

import { assert, calm, enter, held, scenario, still, store, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  store([
    { name: 'skill:openai:access_token', value: 'sk-by-keys' },
    { name: 'zeta', value: 'z' },
  ]);
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('button', { name: 'zeta', exact: true }).waitFor();
  await skipping(page);
  await adding(page);
  await viewing(page);
  await choosing(page);
  await walking(page);
  await locking(page);
  calm(me);
});

function focused(page) {
  return page.evaluate(
    () => document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText ?? '',
  );
}

/** Presses Tab until the focus is on what is wanted; each stop must be visible. */
async function tabTo(page, wanted, key = 'Tab') {
  for (let at = 0; at < 80; at += 1) {
    await page.keyboard.press(key);
    const { words, ringed } = await page.evaluate(() => {
      const now = document.activeElement;
      const label = now.labels?.[0]?.innerText ?? '';
      const style = getComputedStyle(now);
      return {
        words: [now.getAttribute('aria-label') ?? '', now.innerText ?? '', label].map((one) => one.trim()),
        ringed: now === document.body || style.outlineStyle !== 'none' || now.matches('main, h1'),
      };
    });
    assert.ok(ringed, `the focus on ${words} does not show`);
    if (words.some((one) => wanted.test(one))) return;
  }
  assert.fail(`no key leads to ${wanted}`);
}

async function skipping(page) {
  await page.evaluate(() => document.activeElement.blur());
  await tabTo(page, /^Skip to the content$/);
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
}

async function adding(page) {
  await tabTo(page, /^Add secret$/);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  // The choice is where one begins; arrows and Enter take a platform, and the focus goes on to its first field.
  await page.keyboard.type('stri');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  assert.match(
    await page.evaluate(
      () => document.getElementById(document.activeElement.getAttribute('aria-activedescendant')).innerText,
    ),
    /^Stripe/,
  );
  await page.keyboard.press('Enter');
  await page.keyboard.type('sk_live_0123456789abcd');
  await page.keyboard.press('Enter');
  await told(page, 'skill:stripe:access_token is stored.');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'Add secret');

  // Tabs of the dialog by arrows.
  await page.keyboard.press('Enter');
  await tabTo(page, /^Platform$/, 'Shift+Tab');
  await page.keyboard.press('ArrowRight');
  assert.equal(await focused(page), 'Custom secret');
  await tabTo(page, /^Name/);
  await page.keyboard.type('by keys');
  await tabTo(page, /^Value/);
  await page.keyboard.type('typed');
  await page.keyboard.press('Enter');
  await told(page, 'by keys is stored.');

  // Escape closes the list first, then the dialog.
  await page.keyboard.press('Enter');
  await page.keyboard.type('not');
  await page.keyboard.press('Escape');
  assert.ok(await dialog.isVisible());
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

async function viewing(page) {
  await tabTo(page, /^skill:openai:access_token$/);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog').first();
  await dialog.getByText('Created by').waitFor();
  await tabTo(page, /^Show value$/);
  await page.keyboard.press('Space');
  await dialog.getByText('sk-by-keys').waitFor();
  await page.keyboard.press('Space');
  await dialog.getByText('Hidden again.').waitFor();
  await tabTo(page, /^Versions$/);
  await page.keyboard.press('Enter');
  await dialog.getByText('Version 1', { exact: true }).waitFor();
  await tabTo(page, /^Edit$/);
  await page.keyboard.press('Enter');
  await page.keyboard.type('second by keys');
  const list = await held(page, /\/vault\/secrets\?.*limit=/);
  await page.keyboard.press('Enter');
  await list.asked;
  await told(page, 'skill:openai:access_token is changed.');
  // The dialog is left before the list has been read again: the focus stays where it goes then.
  await page.evaluate(() => document.querySelector('dialog').close());
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'skill:openai:access_token');
  list.release();
  await page.unrouteAll({ behavior: 'wait' });
  await still(page);
  assert.equal(await focused(page), 'skill:openai:access_token');
  await page.keyboard.press('Enter');
  await dialog.getByText('Created by').waitFor();
  assert.equal(vaultctl(['get', 'openai']), 'second by keys');
  // Tab stays in the dialog, or goes to the browser itself, and never to the page behind.
  for (let at = 0; at < 15; at += 1) {
    await page.keyboard.press('Tab');
    assert.ok(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement.closest('dialog') !== null,
      ),
    );
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'skill:openai:access_token');
}

async function choosing(page) {
  // A row is one Tab stop; arrows move in it.
  await tabTo(page, /^zeta$/);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focused(page), 'Choose zeta');
  await page.keyboard.press('Space');
  await tabTo(page, /^Delete$/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Delete 1 secret?' });
  await dialog.waitFor();
  // What is safe has the focus.
  assert.equal(await focused(page), 'Cancel');
  await tabTo(page, /^Delete 1 secret$/);
  await page.keyboard.press('Enter');
  await told(page, '1 secret deleted.');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY');
}

async function walking(page) {
  for (const view of ['Audit log', 'Agents', 'Status']) {
    await tabTo(page, new RegExp(`^${view}$`), 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: view }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  }
}

async function locking(page) {
  await page.getByRole('button', { name: 'Lock now…' }).waitFor();
  await tabTo(page, /^Lock now…$/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Lock now$/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  await tabTo(page, /^Unlock…$/);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type(process.env.PAGE_KEY);
  await page.keyboard.press('Enter');
  await told(page, 'The vault is unlocked.');
}
