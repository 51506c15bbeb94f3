// After each act the focus is somewhere: where it was, at what took its place, or at the heading.

import { assert, calm, enter, go, scenario, still, store, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  store(['alpha', 'beta', 'gamma'].map((name) => ({ name, value: 'v', metadata: { a: '1', b: '2' } })));
  vaultctl(['set', 'beta'], 'second');
  for (const name of ['one', 'two']) vaultctl(['agent', 'add', name, '--grant', 'read:*']);
  const me = await enter(browser);
  const { page } = me;
  await rows(page);
  await drawer(page);
  await agents(page);
  await bulk(page);
  await locking(page);
  calm(me);
});

/** Presses a button by keys. */
async function press(button) {
  await button.focus();
  await button.press('Enter');
}

/** Waits until the page is still, and tells what has the focus. */
async function focused(page) {
  await still(page);
  return page.evaluate(() => {
    const now = document.activeElement;
    return now === document.body ? 'BODY' : (now.getAttribute('aria-label') ?? now.innerText);
  });
}

async function confirmed(page, words) {
  const dialog = page.getByRole('dialog').last();
  await press(dialog.getByRole('button', { name: words, exact: true }));
}

async function rows(page) {
  await press(page.getByRole('button', { name: 'Re-encrypt alpha' }));
  await confirmed(page, 'Re-encrypt');
  await told(page, /alpha/);
  assert.equal(await focused(page), 'Re-encrypt alpha');
  await press(page.getByRole('button', { name: 'Delete alpha' }));
  await confirmed(page, 'Delete for good');
  await told(page, 'alpha is deleted.');
  await page.getByRole('button', { name: 'alpha', exact: true }).waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'Delete beta');
  await press(page.getByRole('button', { name: 'Delete gamma' }));
  await confirmed(page, 'Delete for good');
  await page.getByRole('button', { name: 'gamma', exact: true }).waitFor({ state: 'detached' });
  assert.equal(await focused(page), 'Delete beta');
}

async function drawer(page) {
  await press(page.getByRole('button', { name: 'beta', exact: true }));
  const dialog = page.getByRole('dialog', { name: 'beta' });
  await press(dialog.getByRole('button', { name: 'Re-encrypt' }));
  await told(page, /beta/);
  assert.equal(await focused(page), 'Re-encrypt');
  await dialog.getByText('Versions').press('Enter');
  await press(dialog.getByRole('button', { name: 'Restore version 1' }));
  await confirmed(page, 'Restore version 1');
  await told(page, 'Version 1 is back, as the newest.');
  assert.equal(await focused(page), 'beta');
  await press(dialog.getByRole('button', { name: 'Edit' }));
  for (const left of ['Key', 'Add a row']) {
    await press(dialog.getByRole('button', { name: 'Remove this row' }).first());
    assert.equal(await focused(page), left);
  }
  await press(dialog.getByRole('button', { name: 'Save' }));
  await told(page, 'beta is changed.');
  assert.equal(await focused(page), 'Edit');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

async function agents(page) {
  await go(page, 'Agents');
  await press(page.getByRole('button', { name: 'Add agent' }));
  const dialog = page.getByRole('dialog');
  await press(dialog.getByRole('button', { name: 'Add a grant' }));
  await press(dialog.getByRole('button', { name: 'Remove this grant' }).first());
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'INPUT');
  await press(dialog.getByRole('button', { name: 'Remove this grant' }));
  assert.equal(await focused(page), 'Add a grant');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  for (const [name, left] of [
    ['one', 'Remove two'],
    ['two', 'Agents'],
  ]) {
    await press(page.getByRole('button', { name: `Remove ${name}` }));
    await confirmed(page, 'Remove');
    await told(page, `${name} is removed.`);
    assert.equal(await focused(page), left);
  }
}

// A bar that goes away with the last choice does not take the focus with it.
async function bulk(page) {
  await go(page, 'Secrets');
  await page.getByRole('checkbox', { name: 'Choose beta' }).press('Space');
  await press(page.getByRole('button', { name: 'Choose none' }));
  assert.equal(await focused(page), 'Secrets');
}

async function locking(page) {
  vaultctl(['lock']);
  await press(page.getByRole('button', { name: 'Unlock…' }));
  await page.keyboard.type(process.env.PAGE_KEY);
  await page.keyboard.press('Enter');
  await told(page, 'The vault is unlocked.');
  await page.getByRole('button', { name: 'beta', exact: true }).waitFor();
  assert.equal(await focused(page), 'Secrets');
  await go(page, 'Status');
  await press(page.getByRole('button', { name: 'Lock now…' }));
  await confirmed(page, 'Lock now');
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  assert.equal(await focused(page), 'Status');
}
