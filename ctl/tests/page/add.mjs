// Storing secrets by clicks: a platform, a custom one, the lines of a .env file.

import { assert, calm, enter, field, held, holdsNot, scenario, still, told, vaultctl } from './support.mjs';

await scenario(async (browser) => {
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('heading', { name: 'No secrets yet' }).waitFor();
  assert.match(await page.locator('.empty').innerText(), /vaultctl add openai/);
  await platform(page);
  await taken(me);
  await custom(page);
  await lines(page);
  await many(page);
  await cleared(page);
  calm(me);
  await simple(browser);
});

async function open(page) {
  await page
    .getByRole('button', { name: /^Add (secret|the first secret)$/ })
    .first()
    .click();
  return page.getByRole('dialog');
}

async function platform(page) {
  const dialog = await open(page);
  await dialog.getByRole('combobox', { name: 'Platform' }).fill('amazon');
  await dialog.getByText('No platform has this name').waitFor();
  await dialog.getByRole('combobox', { name: 'Platform' }).fill('aws');
  await dialog.getByRole('option', { name: /^AWS/ }).click();
  const id = field(dialog, 'Access Key ID');
  const key = field(dialog, 'Secret Access Key');
  assert.equal(await id.getAttribute('placeholder'), 'AKIA...');
  assert.equal(await key.getAttribute('type'), 'password');
  assert.equal(await key.getAttribute('autocomplete'), 'off');
  await id.fill('nothing of the kind');
  await dialog.getByText('does not have the usual form').waitFor();
  await apart(dialog);
  await id.fill('AKIA0123456789ABCDEF');
  assert.equal(await dialog.getByText('does not have the usual form').count(), 0);

  // What is required is asked for before anything is sent.
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByText('This is needed.').waitFor();
  assert.equal(await key.getAttribute('aria-invalid'), 'true');
  await key.fill('secret-of-aws-0123456789-0123456789-0123456');
  await dialog.getByRole('button', { name: 'Show Secret Access Key' }).click();
  assert.equal(await key.getAttribute('type'), 'text');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, '2 secrets are stored.');
  await page.getByRole('button', { name: 'skill:aws:secret_access_key', exact: true }).waitFor();
  await holdsNot(page, 'secret-of-aws');
  assert.equal(vaultctl(['get', 'skill:aws:access_key_id']), 'AKIA0123456789ABCDEF');
}

// Each way to store is a form of its own: a browser takes fields of one form for those of one account.
async function apart(dialog) {
  const parts = await dialog
    .locator('input[type="password"], textarea')
    .evaluateAll((all) => all.map((one) => [one.form.id, one.closest('[role="tabpanel"]').id].join()));
  assert.equal(new Set(parts).size, new Set(parts.map((one) => one.split(',')[0])).size);
  assert.equal(new Set(parts.map((one) => one.split(',')[1])).size, 3);
}

// A browser says, when there is time, that a form looks like several; what it says of a form that is put in last comes last.
async function simple(browser) {
  const me = await enter(browser);
  const { page } = me;
  const remarks = [];
  const remark = (message) => message.text().includes('Multiple forms');
  page.on('console', (message) => remark(message) && remarks.push(message.text()));
  const dialog = await open(page);
  const chooser = dialog.getByRole('combobox', { name: 'Platform' });
  for (const platform of ['aws', 'google', 'smtp', 'twilio']) {
    await chooser.fill(platform);
    await chooser.press('Enter');
  }
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await dialog.getByRole('button', { name: 'Add a row' }).click();
  me.expect(/Multiple forms/);
  const said = page.waitForEvent('console', remark);
  await page.evaluate(() => {
    const fields = ['text', 'password', 'text', 'password'].map((type) => Object.assign(document.createElement('input'), { type }));
    const form = document.createElement('form');
    form.append(...fields);
    document.body.append(form);
  });
  await said;
  await still(page);
  assert.equal(remarks.length, 1);
  calm(me);
  await me.context.close();
}

// All or nothing: one field is there meanwhile, so the other is not stored either. With an expiry too.
async function taken({ page, expect }) {
  expect(/status of 409/);
  const dialog = await open(page);
  await dialog.getByRole('combobox').fill('twilio');
  await dialog.getByRole('combobox').press('Enter');
  vaultctl(['set', 'skill:twilio:account_sid'], 'AC0');
  await field(dialog, 'Account SID').fill('AC1');
  await field(dialog, 'Auth Token').fill('value-of-twilio');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByRole('alert').waitFor();
  assert.ok((await dialog.getByRole('alert').locator('.hint').innerText()).length > 0);
  await field(dialog, 'Expires').selectOption({ label: 'In 30 days' });
  await dialog.getByRole('button', { name: 'Store' }).click();
  await dialog.getByRole('alert').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  assert.ok(!vaultctl(['list']).includes('skill:twilio:access_token'));
  await holdsNot(page, 'value-of-twilio');
}

async function custom(page) {
  const dialog = await open(page);
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  const name = field(dialog, 'Name');
  for (const [wrong, words] of [
    ['skill:Bad', 'A name that begins with skill:'],
    [' space', 'no space at either end'],
  ]) {
    await name.fill(wrong);
    await dialog.getByText(words).waitFor();
  }
  await name.fill('skill:notion:other');
  assert.match(await field(dialog, 'Category').innerText(), /By its name: Skill Credentials/);
  await name.fill('deploy key');
  await dialog.getByText('Generate a value').click();
  await field(dialog, 'Length').fill('24');
  await field(dialog, 'Characters').selectOption({ label: 'Hexadecimal' });
  await dialog.getByRole('button', { name: 'Generate', exact: true }).click();
  await dialog.getByText('A new value of 24 characters').waitFor();
  await field(dialog, 'Category').selectOption({ label: 'API Keys' });
  await field(dialog, 'Expires').selectOption({ label: 'On a day…' });
  await field(dialog, 'Expires on').fill('2035-01-02T03:04');
  await dialog.getByRole('button', { name: 'Add a row' }).click();
  await dialog.getByRole('textbox', { name: 'Key' }).fill('owner');
  await dialog.getByRole('textbox', { name: 'Text' }).fill('Ada');
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'deploy key is stored.');
  assert.match(vaultctl(['get', 'deploy key']), /^[0-9a-f]{24}$/);
  const { category, metadata, expiresAt } = JSON.parse(vaultctl(['show', 'deploy key', '--json']));
  assert.deepEqual([category, metadata, expiresAt], ['api_key', { owner: 'Ada' }, '2035-01-02T02:04:00.000Z']);
}

async function lines(page) {
  const dialog = await open(page);
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  const text = field(dialog, 'Lines of a .env file');
  // What is said of earlier lines, and comes late, does not stand beside later ones.
  const early = await held(page, /\/vault\/import$/, { times: 1 });
  await text.fill('A=1\nB=2\n');
  await early.asked;
  await text.evaluate((input) => {
    input.value = 'A=1\n';
    input.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await dialog.getByText('1 secret found').waitFor();
  early.release();
  await still(page);
  assert.ok(await dialog.getByText('1 secret found').isVisible());
  await text.fill('OPENAI_API_KEY');
  await dialog.getByText('Line 1: it is no NAME=value.').waitFor();
  await text.fill(
    '# mine\nexport OPENAI_API_KEY="sk-env-value"\nMY_OWN=own-value # why\nEMPTY=\nAWS_SECRET_ACCESS_KEY=new\nPORT=3000\n',
  );
  await dialog.getByText('3 secrets found').waitFor();
  await dialog.getByText('PORT is left out, a setting: by its name.').waitFor();
  await dialog.getByText('OpenAI · API Key').waitFor();
  await dialog.getByText('is there already', { exact: true }).waitFor();
  await field(dialog, 'Where a name is there already').selectOption({ label: 'Leave what is there' });
  await dialog.getByText('is left', { exact: true }).waitFor();
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, '2 secrets are stored.');
  assert.equal(vaultctl(['get', 'openai']) + vaultctl(['get', 'MY_OWN']), 'sk-env-valueown-value');
  assert.equal(vaultctl(['get', 'skill:aws:secret_access_key']), 'secret-of-aws-0123456789-0123456789-0123456');
}

// A key of several lines is not broken by a field of one line.
async function many(page) {
  const key = '-----BEGIN KEY-----\nline one\nline two\n-----END KEY-----\n';
  const dialog = await open(page);
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('a key of lines');
  await field(dialog, 'Value').evaluate((input, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text', text);
    input.dispatchEvent(new ClipboardEvent('paste', { clipboardData, cancelable: true, bubbles: true }));
  }, key);
  await dialog.getByText('Several lines: they are kept as they are.').waitFor();
  await dialog.getByRole('button', { name: 'Store' }).click();
  await told(page, 'a key of lines is stored.');
  assert.equal(vaultctl(['get', 'a key of lines']), key);
}

async function cleared(page) {
  const dialog = await open(page);
  await dialog.getByRole('combobox').fill('notion');
  await dialog.getByRole('combobox').press('Enter');
  await field(dialog, 'Integration Token').fill('typed-and-left');
  const typed = await field(dialog, 'Integration Token').elementHandle();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Discard', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await typed.evaluate((input) => input.value), '');
  await holdsNot(page, 'typed-and-left');
}
