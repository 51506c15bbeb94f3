// Names with characters that cannot be seen, from before they were refused: shown, isolated, and named in questions.

import { assert, calm, enter, field, go, scenario, store, vaultctl } from './support.mjs';

const NAME = '\u202Etxet desrever\u202C tail';
const SEEN = '[U+202E]txet desrever[U+202C] tail';
const MARKS = ['202E', '200B', '2066', 'FEFF', '00AD', '2069'];

await scenario(async (browser) => {
  store([
    { name: 'placeholder', value: 'v' },
    { name: 'عربي', value: 'v' },
  ]);
  const me = await enter(browser);
  const { page } = me;
  await refused(page);
  await renamed(page);
  await shown(page);
  await question(page);
  await logged(page);
  calm(me);
});

async function refused(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  for (const mark of MARKS) {
    await field(dialog, 'Name').fill(`a${String.fromCodePoint(Number.parseInt(mark, 16))}b`);
    await dialog.getByText(`U+${mark} cannot be seen`).waitFor();
  }
  await dialog.evaluate((node) => node.close());
  assert.equal(JSON.parse(vaultctl(['list', '--json'])).total, 2);
}

// An older program stored such names.
async function renamed(page) {
  for (const address of [/\/vault\/(secrets|upkeep)\?/, /\/vault\/audit-log\?/])
    await page.route(address, async (route) => {
      const response = await route.fetch();
      const text = (await response.text()).replaceAll('"placeholder"', JSON.stringify(NAME));
      await route.fulfill({ response, body: text });
    });
  await page.reload();
}

async function shown(page) {
  const name = page.getByRole('button', { name: 'U+202Etxet desreverU+202C tail', exact: true });
  await name.waitFor();
  assert.deepEqual(await page.locator('.hidden-mark').allInnerTexts(), ['U+202E', 'U+202C']);
  assert.equal(await name.locator('bdi').evaluate((node) => getComputedStyle(node).unicodeBidi), 'isolate');
  await page.getByRole('button', { name: `View ${SEEN}` }).waitFor();
  await name.click();
  await page.getByRole('dialog', { name: 'U+202Etxet desreverU+202C tail' }).getByText('Created by').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await unmarked(page);
}

async function question(page) {
  await page.getByRole('button', { name: `Delete ${SEEN}` }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete U+202Etxet desreverU+202C tail?' });
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /U\+202E/);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('checkbox', { name: `Choose ${SEEN}` }).check();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const many = page.getByRole('dialog', { name: 'Delete 1 secret?' });
  await many.getByText('U+202E').waitFor();
  await unmarked(page);
  await many.getByRole('button', { name: 'Cancel' }).click();
}

async function logged(page) {
  await go(page, 'Audit log');
  await page.locator('tbody').getByText('U+202E').first().waitFor();
  await unmarked(page);
  await go(page, 'Status');
  await page.getByRole('link', { name: 'U+202Etxet desreverU+202C tail' }).waitFor();
  await unmarked(page);
}

/** The character itself stands nowhere on the page. */
async function unmarked(page) {
  assert.ok(!/[\u202A-\u202E\u2066-\u2069]/.test(await page.evaluate(() => document.documentElement.outerHTML)));
}
