// A key goes to the platform that the box names, or nowhere.

import { assert, calm, enter, field, holdsNot, scenario, still, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await another(page, dialog);
  await cleared(page, dialog);
  await retyped(page, dialog);
  await again(page, dialog);
  calm(me);
});

function box(dialog) {
  return dialog.getByRole('combobox', { name: 'Platform' });
}

function stored() {
  return JSON.parse(vaultctl(['list', '--json'])).secrets.map(({ name }) => name);
}

async function chosen(dialog, text) {
  await box(dialog).fill(text);
  await box(dialog).press('Enter');
}

/** Presses Store, and makes sure that nothing is stored and that the box says so. */
async function refused(page, dialog) {
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByText('Choose a platform from the list.').waitFor();
  await still(page);
  assert.equal(await box(dialog).getAttribute('aria-invalid'), 'true');
  assert.ok(await box(dialog).evaluate((input) => input === document.activeElement));
  assert.deepEqual(stored(), []);
}

// Another text is another choice, though it is none of a platform; the typed value is out of sight.
async function another(page, dialog) {
  await chosen(dialog, 'stri');
  await field(dialog, 'Secret Key').fill('value-of-stripe');
  await box(dialog).fill('zzz');
  assert.equal(await dialog.getByLabel('Secret Key').first().isVisible(), false);
  await refused(page, dialog);
}

async function cleared(page, dialog) {
  await chosen(dialog, 'stri');
  assert.equal(await field(dialog, 'Secret Key').inputValue(), 'value-of-stripe');
  await box(dialog).fill('');
  await refused(page, dialog);
}

// The same words typed again are a search; what is stored was chosen.
async function retyped(page, dialog) {
  await box(dialog).fill('Stripe');
  await refused(page, dialog);
}

async function again(page, dialog) {
  await chosen(dialog, 'notion');
  await field(dialog, 'Integration Token').fill('value-of-notion');
  await chosen(dialog, 'stri');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'skill:stripe:access_token is stored.');
  assert.deepEqual(stored(), ['skill:stripe:access_token']);
  assert.equal(vaultctl(['get', 'stripe']), 'value-of-stripe');
  await holdsNot(page, 'value-of-notion');
}
