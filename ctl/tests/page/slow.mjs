// Waiting has an end: what is slow says so and can be cancelled, and is given up; it is done once at most.

import { assert, calm, daemon, enter, field, go, scenario, still, store, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  store(Array.from({ length: 60 }, (_, at) => ({ name: `name-${String(at).padStart(2, '0')}`, value: 'v' })));
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('button', { name: 'Next' }).waitFor();
  await storing(page);
  await listing(page);
  await looking(page);
  calm(me);
});

async function frozen(run) {
  process.kill(daemon(), 'SIGSTOP');
  try {
    await run();
  } finally {
    process.kill(daemon(), 'SIGCONT');
  }
}

async function storing(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('slowly');
  await field(dialog, 'Value').fill('value-stored-once');
  const store = dialog.getByRole('button', { name: 'Store' });
  await frozen(async () => {
    await store.click();
    assert.equal(await store.getAttribute('aria-disabled'), 'true');
    // It is pressed again and again; that is one request.
    await store.dispatchEvent('click');
    await dialog.getByText('The vault is slow to answer.').waitFor();
    await dialog.getByText('The vault did not answer.').waitFor();
    assert.equal(await store.getAttribute('aria-disabled'), null);
    assert.equal(await dialog.getByText('The vault is slow to answer.').count(), 0);
    assert.equal(await field(dialog, 'Value').inputValue(), 'value-stored-once');
  });
  await page.locator('.masthead').getByText('Unlocked', { exact: true }).waitFor();
  // Whether the first got through is not known; once it is there it is there once.
  if (!vaultctl(['list']).includes('slowly')) {
    await store.click();
    await dialog.waitFor({ state: 'detached' });
  } else {
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Discard', exact: true }).click();
  }
  const { secrets } = JSON.parse(vaultctl(['list', '--json']));
  assert.equal(secrets.filter(({ name, version }) => name === 'slowly' && version === 1).length, 1);
}

// The buttons that go on wait with the list, and the list can be had again after it was cancelled.
async function listing(page) {
  await go(page, 'Secrets');
  const next = page.getByRole('button', { name: 'Next' });
  assert.equal(await next.getAttribute('aria-disabled'), 'false');
  await frozen(async () => {
    await next.click();
    // The address changes first, and the list with it.
    await page.getByRole('button', { name: 'Next', disabled: true }).waitFor();
    await next.dispatchEvent('click');
    assert.match(page.url(), /page=2$/);
    await page.locator('#bars').getByText('The vault is slow to answer.').waitFor();
    await page.locator('#bars').getByRole('button', { name: 'Cancel' }).dispatchEvent('click');
    await page.getByText('Cancelled: the vault had not answered.').waitFor();
    assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY');
  });
  await page.locator('.masthead').getByText('Unlocked', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'name-59', exact: true }).waitFor();
  assert.equal(await next.getAttribute('aria-disabled'), 'true');
}

// A value that is slow to come can be cancelled too; it does not come later.
async function looking(page) {
  await page.getByRole('button', { name: 'name-59', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Created by').waitFor();
  await frozen(async () => {
    await dialog.getByRole('button', { name: 'Show value' }).dispatchEvent('click');
    await dialog.getByText('The vault is slow to answer.').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).dispatchEvent('click');
    await dialog.getByText('Cancelled: the vault had not answered.').waitFor();
  });
  await still(page);
  assert.equal(await dialog.locator('.value-box').getAttribute('data-shown'), 'false');
}
