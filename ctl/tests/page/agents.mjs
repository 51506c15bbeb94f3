// Agents: added with what they may do, their token shown once, removed.

import { assert, calm, enter, field, go, holdsNot, scenario, store, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  store([{ name: 'skill:openai:access_token', value: 'sk-for-the-bot' }]);
  const me = await enter(browser);
  const { page } = me;
  await go(page, 'Agents');
  await page.getByRole('heading', { name: 'No agents yet' }).waitFor();
  await added(page);
  await renewed(page);
  await refused(me);
  await removed(page);
  calm(me);
});

async function added(page) {
  await page.getByRole('button', { name: 'Add agent' }).click();
  const dialog = page.getByRole('dialog');
  await field(dialog, 'Name').fill('not a name');
  await dialog.getByText('1 to 64 of a-z').waitFor();
  await field(dialog, 'Name').fill('bot');
  await field(dialog, 'Names').fill('skill:openai:*, skill:notion:*');
  await dialog.getByRole('button', { name: 'Add a grant' }).click();
  const second = dialog.getByRole('group', { name: 'Grant' }).nth(1);
  await field(second, 'Names').fill('*');
  await field(second, 'Organisation').fill('acme');
  await second.getByRole('checkbox', { name: /^decrypt/ }).uncheck();
  await dialog.getByRole('button', { name: 'Add a grant' }).click();
  await dialog.getByRole('button', { name: 'Remove this grant' }).nth(2).click();
  await field(dialog, 'Expires').selectOption({ label: 'In 90 days' });
  await dialog.getByText('What its process must be').click();
  await field(dialog, 'User id').fill('4711');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByText('This token is shown this once').waitFor();
  const token = await dialog.locator('.token').innerText();
  assert.match(token, /^amv_/);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await page.getByText('skill:openai:*, skill:notion:*').waitFor();
  await holdsNot(page, token);
  const agent = JSON.parse(vaultctl(['agent', 'show', 'bot', '--json']));
  assert.deepEqual(agent.grants, [
    { orgId: 'default', names: ['skill:openai:*', 'skill:notion:*'], actions: ['read', 'decrypt'] },
    { orgId: 'acme', names: ['*'], actions: ['read'] },
  ]);
  assert.deepEqual(agent.match, { uid: 4711 });
  assert.ok(agent.expiresAt);
}

// A token that was lost is replaced; the new one is shown once, and stays until it is kept.
async function renewed(page) {
  const before = JSON.parse(vaultctl(['agent', 'show', 'bot', '--json']));
  await page.getByRole('button', { name: 'New token for bot' }).click();
  const question = page.getByRole('dialog', { name: 'Give bot a new token?' });
  await question.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog', { name: 'bot has a new token' });
  await dialog.getByText('This token is shown this once').waitFor();
  for (let at = 0; at < 3; at += 1) await page.keyboard.press('Escape');
  const token = await dialog.locator('.token').innerText();
  assert.match(token, /^amv_/);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, token);
  assert.deepEqual(JSON.parse(vaultctl(['agent', 'show', 'bot', '--json'])).grants, before.grants);
}

async function refused({ page, expect }) {
  expect(/status of 409/);
  await page.getByRole('button', { name: 'Add agent' }).click();
  const dialog = page.getByRole('dialog');
  await field(dialog, 'Name').fill('bot');
  await field(dialog, 'Names').fill('*');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByRole('alert').locator('.hint').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
}

async function removed(page) {
  await page.getByRole('button', { name: 'Remove bot' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await told(page, 'bot is removed.');
  await page.getByRole('heading', { name: 'No agents yet' }).waitFor();
  assert.ok(!vaultctl(['agent', 'list']).includes('bot'));
}
