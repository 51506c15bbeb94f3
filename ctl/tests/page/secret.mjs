// One secret's life: looked at, changed, changed by somebody else meanwhile, rotated, brought back, deleted.

import { assert, audited, calm, enter, field, holdsNot, scenario, store, told, vaultctl } from './support.mjs';

const NAME = 'skill:github:access_token';

await scenario(async (browser) => {
  store([
    { name: NAME, value: 'first-value', metadata: { team: 'platform', seats: 3 } },
    { name: 'other', value: 'o' },
  ]);
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('button', { name: NAME, exact: true }).click();
  const dialog = page.getByRole('dialog').first();
  await changed(page, dialog);
  await meanwhile(me, dialog);
  await rotated(page, dialog);
  await restored(page, dialog);
  await deleted(page, dialog);
  calm(me);
});

function shown() {
  return JSON.parse(vaultctl(['show', NAME, '--json']));
}

async function changed(page, dialog) {
  await dialog.getByRole('button', { name: 'Edit' }).click();
  await field(dialog, 'New value').fill('second-value');
  await field(dialog, 'Category').selectOption({ label: 'API Keys' });
  await field(dialog, 'Expires').selectOption({ label: 'In a year' });
  const texts = dialog.getByRole('textbox', { name: 'Text' });
  await texts.nth(1).fill('research'); // The vault keeps keys in their order: seats, team.
  await dialog.getByRole('button', { name: 'Save' }).click();
  await told(page, `${NAME} is changed.`);
  await dialog.getByText('2, written 2 times').waitFor();
  await holdsNot(page, 'second-value');
  const { category, metadata, expiresAt } = shown();
  // A number that nobody touched is still a number.
  assert.deepEqual([category, metadata], ['api_key', { team: 'research', seats: 3 }]);
  assert.ok(new Date(expiresAt) > Date.now());
  assert.equal(vaultctl(['get', NAME]), 'second-value');
}

// What somebody else changed is not overwritten, and nothing is lost without a word.
async function meanwhile({ page, expect }, dialog) {
  expect(/status of 409/);
  await dialog.getByRole('button', { name: 'Edit' }).click();
  vaultctl(['set', NAME], 'value-of-another');
  await field(dialog, 'New value').fill('late-value');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('Somebody else has changed this secret meanwhile').waitFor();
  assert.equal(vaultctl(['get', NAME]), 'value-of-another');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await dialog.getByText('3, written 3 times').waitFor();
  await holdsNot(page, 'late-value');
}

async function rotated(page, dialog) {
  await dialog.getByRole('button', { name: 'Re-encrypt' }).click();
  await told(page, `${NAME} is re-encrypted.`);
  await dialog.getByText('3, written 4 times').waitFor();
  assert.equal(audited('--action', 'rotate').length, 1);
  assert.equal(vaultctl(['get', NAME]), 'value-of-another');
}

async function restored(page, dialog) {
  await dialog.getByText('Versions').click();
  await dialog.getByText('Version 3').waitFor();
  await dialog.getByRole('button', { name: 'Restore version 1' }).click();
  const question = page.getByRole('dialog', { name: 'Restore version 1?' });
  await question.getByRole('button', { name: 'Restore version 1' }).click();
  await told(page, 'Version 1 is back, as the newest.');
  await dialog.getByText('4, written 5 times').waitFor();
  assert.equal(vaultctl(['get', NAME]), 'first-value');
}

async function deleted(page, dialog) {
  await dialog.getByRole('button', { name: 'Delete' }).click();
  const question = page.getByRole('dialog', { name: `Delete ${NAME}?` });
  await question.getByText(/permanent, and takes access from every service that uses this secret at once/).waitFor();
  await question.getByRole('button', { name: 'Cancel' }).click();
  assert.equal(vaultctl(['get', NAME]), 'first-value');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await question.getByRole('button', { name: 'Delete for good' }).click();
  await told(page, `${NAME} is deleted.`);
  await page.getByRole('button', { name: NAME, exact: true }).waitFor({ state: 'detached' });

  // The icons of a row do the same.
  await page.getByRole('button', { name: 'Re-encrypt other' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Re-encrypt' }).click();
  await told(page, 'other is re-encrypted.');
  await page.getByRole('button', { name: 'Delete other' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await page.getByRole('heading', { name: 'No secrets yet' }).waitFor();
}
