// The vault's own state: what the daemon reports, lock, unlock, encrypt all again.

import { assert, audited, calm, enter, go, holdsNot, scenario, still, store, told, vaultctl } from './support.mjs';

const DAY = 86400e3;

await scenario(async (browser) => {
  store([
    { name: 'skill:openai:access_token', value: 'a' },
    { name: 'gone', value: 'x', expiresAt: new Date(Date.now() - DAY).toISOString() },
    { name: 'soon', value: 'b', expiresAt: new Date(Date.now() + 3 * DAY).toISOString() },
    { name: 'late', value: 'c', expiresAt: new Date(Date.now() + 300 * DAY).toISOString() },
    { name: 'elsewhere', value: 'd', orgId: 'acme' },
  ]);
  vaultctl(['rotate', 'late']);
  const me = await enter(browser);
  const { page } = me;
  await oneLook(page);
  await reported(page);
  await warned(page);
  await reencrypted(page);
  await locked(me);
  await unlocked(me);
  calm(me);
});

// Opening the view is one look in the log, however many cards it has.
async function oneLook(page) {
  const reads = () => audited('--action', 'read', '--limit', '1000').length;
  await still(page);
  const before = reads();
  await go(page, 'Status');
  await page.locator('.lines').nth(2).waitFor();
  await still(page);
  assert.equal(reads() - before, 1);
}

async function reported(page) {
  const status = JSON.parse(vaultctl(['status', '--json']));
  const card = page.locator('.cards');
  await card.waitFor();
  await page.locator('.lines').nth(1).waitFor();
  const words = await card.innerText();
  for (const part of [
    status.algorithm,
    `${status.kdf.name} with ${status.kdf.hash}`,
    '100,000',
    'Skill Credentials',
    `vaultd ${status.version}`,
  ]) {
    assert.ok(words.includes(part), part);
  }
  const section = (name) => page.locator('section', { has: page.getByRole('heading', { name }) });
  const expiring = section('Expiring within 30 days');
  assert.match(await expiring.innerText(), /soon[\s\S]*Expires in 3 days/);
  assert.doesNotMatch(await expiring.innerText(), /late|gone/);
  assert.match(await section('Expired (1)').innerText(), /gone[\s\S]*Expired yesterday/);
  await page.getByText('1 secret has expired').waitFor();
  assert.ok(!words.includes('Nothing needs attention'));
  await drawn(page);
  await page.getByRole('link', { name: /Skill Credentials/ }).click();
  await page.waitForURL(/#\/secrets\?category=skill_credential$/);
  await page.getByText('1–1 of 1 secret').waitFor();
  await page.goBack();
  await card.waitFor();
}

// The bar of a category is as long as its share of the largest one, and no note that stands over the page.
async function drawn(page) {
  const widths = await page.locator('a.count').evaluateAll((links) =>
    links.map((one) => {
      const bar = one.querySelector('.bar');
      return [bar.offsetHeight, Math.round((bar.firstElementChild.offsetWidth / bar.offsetWidth) * 100)];
    }),
  );
  assert.ok(widths.every(([height]) => height < 12), widths.join('; '));
  assert.equal(Math.max(...widths.map(([, share]) => share)), 100, widths.join('; '));
}

// A warning comes with its mend.
async function warned(page) {
  const warnings = [
    { code: 'no_recovery', message: 'the vault has no recovery key', hint: 'make one with: vaultctl recovery' },
  ];
  await page.route(/\/vault\/status/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), warnings } });
  });
  await page.reload();
  await page.getByText('The vault has no recovery key').waitFor();
  await page.getByText('Make one with: vaultctl recovery').waitFor();
  await page.unrouteAll({ behavior: 'wait' });
  await page.reload();
}

// A value is as old as before when it was encrypted again, and young when it was replaced.
async function reencrypted(page) {
  const oldest = page.locator('section', { has: page.getByRole('heading', { name: 'Oldest values' }) }).locator('a');
  await oldest.first().waitFor();
  const before = await oldest.allInnerTexts();
  assert.notEqual(before.at(-1), 'gone');
  await page.getByRole('button', { name: 'Re-encrypt all…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Re-encrypt all' }).click();
  await page.getByText('5 secrets re-encrypted').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await still(page);
  assert.deepEqual(await oldest.allInnerTexts(), before);
  assert.equal(audited('--action', 'rotate').filter((one) => one.entryName).length, 6);
  vaultctl(['set', 'gone'], 'a new value');
  await page.reload();
  await oldest.first().waitFor();
  assert.equal((await oldest.allInnerTexts()).at(-1), 'gone');
}

async function locked({ page, expect }) {
  await page.getByRole('button', { name: 'Lock now…' }).click();
  const question = page.getByRole('dialog', { name: 'Lock the vault?' });
  await question.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Lock now…' }).click();
  await question.getByRole('button', { name: 'Lock now' }).click();
  await page.getByRole('heading', { name: 'Locked', exact: true }).waitFor();
  await page.locator('.masthead').getByText('Locked', { exact: true }).waitFor();
  expect(/status of 503/);
  for (const view of ['Secrets', 'Audit log', 'Agents']) {
    await go(page, view);
    await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  }
  // A page that is loaded while the vault is locked knows no category yet, and works all the same.
  await page.reload();
  await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  await go(page, 'Secrets');
  await page.getByRole('heading', { name: 'The vault is locked' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Add secret' }).count(), 0);
}

async function unlocked({ page, expect }) {
  expect(/status of 403/);
  await page.getByRole('button', { name: 'Unlock…' }).click();
  const dialog = page.getByRole('dialog');
  const key = dialog.locator('input');
  assert.equal(await key.getAttribute('type'), 'password');
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await dialog.getByText('A key is needed.').waitFor();
  await key.fill('not the key at all');
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await dialog.getByRole('alert').waitFor();
  await holdsNot(page, 'not the key at all');
  await key.fill(process.env.PAGE_KEY);
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await told(page, 'The vault is unlocked.');
  await page.getByRole('button', { name: 'soon', exact: true }).waitFor();
  await page.getByRole('searchbox').waitFor();
  await page.locator('.masthead').getByText('Unlocked').waitFor();
  await holdsNot(page, process.env.PAGE_KEY);
}
