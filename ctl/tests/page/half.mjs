// A platform: chosen from those in sight, completed where it is stored in part, and told of in the words of people.

import { assert, calm, enter, field, holdsNot, scenario, still, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  vaultctl(['set', 'skill:aws:access_key_id'], 'id-before');
  vaultctl(['set', 'skill:twilio:accountSid'], 'sid-before');
  vaultctl(['set', 'skill:stripe:access_token', '--org', 'acme'], 'of-another-org');
  const me = await enter(browser);
  const { page } = me;
  await inSight(page);
  await completed(page);
  await underAnotherName(page);
  await replaced(page);
  await ofAnotherOrg(page);
  await late(me);
  await words(me);
  calm(me);
});

async function open(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  await still(page);
  return page.getByRole('dialog', { name: 'Add secrets' });
}

function visible(page) {
  return page.evaluate(() => {
    const list = document.querySelector('.options').getBoundingClientRect();
    return [...document.querySelectorAll('.option')]
      .filter((one) => one.getBoundingClientRect().bottom <= list.bottom + 1)
      .map((one) => one.innerText.replace(/\s+/g, ' '));
  });
}

async function inSight(page) {
  for (const width of [320, 768, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    const dialog = await open(page);
    const all = await visible(page);
    assert.ok(all.length >= 12, `${all.length} platforms at ${width}`);
    // Those that are stored come first, marked.
    assert.deepEqual(all.slice(0, 3).map((one) => one.endsWith('stored')), [true, true, false]);
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

async function completed(page) {
  const dialog = await open(page);
  await dialog.getByRole('option', { name: /^AWS stored/ }).click();
  assert.equal(await field(dialog, 'Access Key ID').count(), 0);
  await dialog.getByRole('button', { name: 'Replace Access Key ID' }).waitFor();
  await field(dialog, 'Secret Access Key').fill('key-of-aws');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'skill:aws:secret_access_key is stored.');
  assert.equal(vaultctl(['get', 'skill:aws:access_key_id']), 'id-before');
  assert.equal(vaultctl(['get', 'skill:aws:secret_access_key']), 'key-of-aws');
}

// What AgenticMail's tools stored in capitals is the same field.
async function underAnotherName(page) {
  const dialog = await open(page);
  await dialog.getByRole('option', { name: /^Twilio/ }).click();
  assert.equal(await field(dialog, 'Account SID').count(), 0);
  await field(dialog, 'Auth Token').fill('token-of-twilio');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'skill:twilio:access_token is stored.');
  assert.equal(vaultctl(['get', 'skill:twilio:accountSid']), 'sid-before');
}

async function replaced(page) {
  const dialog = await open(page);
  await dialog.getByRole('option', { name: /^AWS/ }).click();
  await dialog.getByRole('button', { name: 'Replace Secret Access Key' }).click();
  // Who asks for a replacement has to give it.
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByText('This is needed.').waitFor();
  await field(dialog, 'Secret Access Key').fill('new-key-of-aws');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'skill:aws:secret_access_key is stored.');
  assert.equal(vaultctl(['get', 'skill:aws:secret_access_key']), 'new-key-of-aws');
  assert.equal(vaultctl(['get', 'skill:aws:access_key_id']), 'id-before');
  assert.equal(JSON.parse(vaultctl(['show', 'skill:aws:secret_access_key', '--json'])).version, 2);
}

async function ofAnotherOrg(page) {
  const dialog = await open(page);
  assert.equal(await dialog.getByRole('option', { name: 'Stripe stored' }).count(), 0);
  await dialog.getByText('Organisation', { exact: true }).first().click();
  await field(dialog, 'Organisation').fill('acme');
  await field(dialog, 'Organisation').press('Tab');
  await dialog.getByRole('option', { name: 'Stripe stored' }).click();
  await dialog.getByRole('button', { name: 'Replace Secret Key' }).waitFor();
  await field(dialog, 'Organisation').fill('default');
  await field(dialog, 'Organisation').press('Tab');
  await field(dialog, 'Secret Key').fill('of-default');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'skill:stripe:access_token is stored.');
  assert.equal(vaultctl(['get', 'stripe', '--org', 'acme']), 'of-another-org');
}

// What was stored meanwhile is not replaced; all or nothing.
async function late({ page, expect }) {
  expect(/status of 409/);
  const dialog = await open(page);
  await dialog.getByRole('combobox').fill('smtp');
  await dialog.getByRole('combobox').press('Enter');
  vaultctl(['set', 'skill:smtp:password'], 'meanwhile');
  for (const input of await dialog.locator('input:visible:not([role="combobox"])').all()) await input.fill('value-of-smtp');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByRole('alert').waitFor();
  await plain(dialog);
  await leave(page, dialog);
  assert.equal(vaultctl(['get', 'skill:smtp:password']), 'meanwhile');
  assert.equal(JSON.parse(vaultctl(['list', '--platform', 'smtp', '--json'])).total, 1);
  await holdsNot(page, 'value-of-smtp');
}

async function leave(page, dialog) {
  await dialog.evaluate((node) => node.close());
  await dialog.waitFor({ state: 'detached' });
}

async function plain(dialog) {
  const text = await dialog.innerText();
  assert.doesNotMatch(text, /`|onConflict|request|vaultctl|orgId/i, text);
}

/** What is refused is said without the words of the interface, in every dialog that can be refused. */
async function words({ page, expect }) {
  expect(/status of (400|409|429)/);
  const dialog = await open(page);
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await field(dialog, 'Lines of a .env file').fill('AWS_SECRET_ACCESS_KEY=again\n');
  await dialog.getByText('is there already', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByRole('alert').waitFor();
  await plain(dialog);
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('a\u202Eb');
  await field(dialog, 'Value').fill('v');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByText('The character U+202E cannot be seen.').waitFor();
  await plain(dialog);
  await leave(page, dialog);
  const json = { error: 'field `orgId`: mend the `request`', code: 'busy', hint: 'run `vaultctl x` with onConflict' };
  await page.route(/\/vault\/orgs$|\/vault\/secrets\?/, (route) => route.fulfill({ status: 429, json }));
  await page.reload();
  await page.getByRole('alert').waitFor();
  await plain(page.getByRole('alert'));
  await page.unrouteAll({ behavior: 'wait' });
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Agents' }).click();
  await page.getByRole('button', { name: 'Add agent' }).click();
  const agent = page.getByRole('dialog');
  await field(agent, 'Name').fill('bot');
  await agent.getByRole('button', { name: 'Add', exact: true }).click();
  await agent.getByText('At least one name is needed.').waitFor();
  assert.equal(await field(agent, 'Names').getAttribute('aria-invalid'), 'true');
  await plain(agent);
  await leave(page, agent);
}
