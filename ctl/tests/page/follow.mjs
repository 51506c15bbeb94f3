// The page follows the vault: what becomes of it elsewhere is seen, and what is not to be seen any more is put away.

import { assert, calm, daemon, enter, field, go, holdsNot, scenario, startDaemon, still, stopped, store, vaultctl } from './support.mjs';

const KEY = process.env.PAGE_KEY;
const VALUE = 'value-that-is-looked-at';

await scenario(async (browser) => {
  store([{ name: 'alpha', value: VALUE }]);
  const me = await enter(browser);
  const { page } = me;
  await badge(page, 'Unlocked');
  await lockedElsewhere(page);
  await typedMeanwhile(page);
  await slow(page);
  await withoutDaemon(page);
  calm(me);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL']) await ended(browser, signal);
});

/** Waits for the state in the masthead; it is green only where the vault is open. */
async function badge(page, words) {
  const state = page.locator('.masthead').getByText(words, { exact: true });
  await state.waitFor();
  if (words !== 'Unlocked') assert.equal(await page.locator('.masthead .chip-good').count(), 0);
}

async function shown(page) {
  await page.getByRole('button', { name: 'alpha', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog.getByText(VALUE).waitFor();
  return dialog;
}

async function lockedElsewhere(page) {
  const dialog = await shown(page);
  vaultctl(['lock']);
  await badge(page, 'Locked');
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, VALUE);
  await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  for (const view of ['Agents', 'Audit log']) {
    await go(page, view);
    await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
    assert.deepEqual(await offered(page), []);
  }
  await go(page, 'Status');
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  await go(page, 'Secrets');
  await offersNothing(page);
  vaultctl(['unlock'], KEY);
  await badge(page, 'Unlocked');
  await page.getByRole('button', { name: 'Add secret' }).waitFor();
  await page.getByRole('button', { name: 'alpha', exact: true }).waitFor();
}

function offered(page) {
  return page.locator('.view-head').getByRole('button').allInnerTexts();
}

// What a locked vault cannot do is not offered, neither by a button nor by a key; the focus of its button goes to the heading.
async function offersNothing(page) {
  assert.deepEqual(await offered(page), []);
  await page.keyboard.press('n');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await page.keyboard.press('Control+k');
  await page.getByRole('option', { name: 'Status' }).waitFor();
  assert.equal(await page.getByRole('option', { name: 'Add secret' }).count(), 0);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  vaultctl(['unlock'], KEY);
  await page.getByRole('checkbox', { name: 'Choose alpha' }).check();
  await page.getByRole('button', { name: 'Delete', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Add secret' }).focus();
  vaultctl(['lock']);
  await badge(page, 'Locked');
  await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Secrets');
  assert.deepEqual(await page.getByRole('main').getByRole('button').allInnerTexts(), ['Unlock…']);
  vaultctl(['unlock'], KEY);
  await page.getByRole('button', { name: 'Choose none' }).click();
  await verifiedBefore(page);
}

// Of a locked vault's log it is not known whether it is whole.
async function verifiedBefore(page) {
  await go(page, 'Audit log');
  const verified = page.getByText(/^Chain verified/);
  await verified.waitFor();
  vaultctl(['lock']);
  await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  assert.ok(await verified.isHidden());
  vaultctl(['unlock'], KEY);
  await verified.waitFor();
  vaultctl(['lock']);
  await badge(page, 'Locked');
  await go(page, 'Secrets');
}

// What is typed is not thrown away because the vault was locked; it cannot be stored until it is open again.
async function typedMeanwhile(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('typed');
  await field(dialog, 'Value').fill('typed-value');
  vaultctl(['lock']);
  await badge(page, 'Locked');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByText('The vault is locked.').waitFor();
  vaultctl(['unlock'], KEY);
  await badge(page, 'Unlocked');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(vaultctl(['get', 'typed']), 'typed-value');
}

// Of a vault that does not answer nothing is known: a value is hidden and does not come back by itself, what is typed stays.
async function slow(page) {
  const dialog = await shown(page);
  await stoppedWhile(page, async () => {
    await dialog.getByText('it is not known whether it is still unlocked').waitFor();
    await holdsNot(page, VALUE);
  });
  await holdsNot(page, VALUE);
  await dialog.getByRole('button', { name: 'Show value' }).click();
  await dialog.getByText(VALUE).waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Add secret' }).click();
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Value').fill('typed-and-kept');
  await stoppedWhile(page, async () => assert.equal(await field(dialog, 'Value').inputValue(), 'typed-and-kept'));
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await go(page, 'Status');
  await page.getByRole('heading', { name: 'Unlocked', exact: true }).waitFor();
  await stoppedWhile(page, async () => {
    await page.getByRole('heading', { name: 'Not known' }).waitFor();
    assert.equal(await page.locator('.state-mark.good').count(), 0);
    assert.equal(await page.getByText('Nothing needs attention').count(), 0);
  });
  await page.getByRole('heading', { name: 'Unlocked', exact: true }).waitFor();
  await page.getByText('Nothing needs attention').waitFor();
  await go(page, 'Secrets');
}

/** Has the daemon stand still for a while. */
async function stoppedWhile(page, run) {
  process.kill(daemon(), 'SIGSTOP');
  try {
    await badge(page, 'Slow to answer');
    await run();
  } finally {
    process.kill(daemon(), 'SIGCONT');
  }
  await badge(page, 'Unlocked');
}

async function withoutDaemon(page) {
  const dialog = await shown(page);
  process.kill(daemon(), 'SIGTERM');
  await badge(page, 'No daemon');
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, VALUE);
  await page.getByRole('heading', { name: 'No daemon answers' }).waitFor();
  const asked = [];
  const note = (request) => asked.push(new URL(request.url()).pathname);
  page.on('request', note);
  for (const view of ['Status', 'Agents', 'Secrets'])
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: view }).click();
  await still(page);
  assert.deepEqual(asked.filter((path) => path.startsWith('/vault/')), []);
  page.off('request', note);
  startDaemon();
  await badge(page, 'Unlocked');
  await page.getByRole('button', { name: 'alpha', exact: true }).waitFor();
  await shown(page);
  await page.keyboard.press('Escape');
  process.kill(daemon(), 'SIGKILL');
  await badge(page, 'No daemon');
  startDaemon();
  await badge(page, 'Unlocked');
}

// However the dashboard ends, the page is the gate, and nothing of what was shown is left.
async function ended(browser, signal) {
  const me = await enter(browser, {}, []);
  me.expect(/ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_RESET)/);
  await shown(me.page);
  stopped(signal);
  await me.page.getByRole('heading', { name: 'The dashboard has ended' }).waitFor();
  assert.equal(await me.page.locator('.masthead').count(), 0);
  await holdsNot(me.page, VALUE);
  calm(me);
  await me.context.close();
}
