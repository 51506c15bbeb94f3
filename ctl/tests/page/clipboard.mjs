// The clipboard is emptied at a click or a key, and the page says of it only what is so.

import { assert, calm, enter, scenario, still, store, told } from './support.mjs';

const VALUE = 'value-that-is-copied';

await scenario(async (browser) => {
  store([{ name: 'alpha', value: VALUE }]);
  const me = await enter(browser);
  const { page } = me;
  const other = await paper(me);
  const now = Date.now();
  await page.clock.install({ time: now });
  await page.clock.pauseAt(now + 60_000);
  await byClick(page, other);
  await byKey(page, other);
  await atOnce(page, other);
  await otherSince(page, other);
  await unsure(page, other);
  calm(me);
});

/** Opens a page of another origin, with a field to paste into. */
async function paper({ context }) {
  const page = await context.newPage();
  await page.goto('data:text/html,<title>paper</title><textarea></textarea>');
  return page;
}

async function pasted(other) {
  const field = other.locator('textarea');
  await field.evaluate((one) => {
    one.value = '';
    one.focus();
  });
  await other.keyboard.press('Control+v');
  return field.inputValue();
}

function bar(page) {
  return page.locator('#bars');
}

async function copy(page) {
  if (!(await page.getByRole('dialog').count())) await page.getByRole('button', { name: 'alpha', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Copy value' }).click();
  await told(page, 'Copied.');
  await bar(page).getByText('In 30 s the next click or key here clears it.').waitFor();
}

// The page says that it is not cleared until it is; then it is.
async function byClick(page, other) {
  await copy(page);
  assert.equal(await pasted(other), VALUE);
  await page.clock.runFor(29_000);
  await page.getByRole('dialog').getByText('Created by').click();
  await bar(page).getByText('In 1 s').waitFor();
  assert.equal(await pasted(other), VALUE);
  await page.clock.runFor(2_000);
  await bar(page).getByText('not cleared yet').waitFor();
  assert.equal(await pasted(other), VALUE);
  await page.getByRole('dialog').getByText('Created by').click();
  await told(page, 'The clipboard is cleared.');
  assert.equal(await pasted(other), '');
  assert.equal(await bar(page).isVisible(), false);
}

// The bar stays when the dialog is left, and goes with the next one.
async function byKey(page, other) {
  await copy(page);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.clock.runFor(31_000);
  await bar(page).getByText('not cleared yet').waitFor();
  await page.keyboard.press('Tab');
  await told(page, 'The clipboard is cleared.');
  assert.equal(await pasted(other), '');
}

async function atOnce(page, other) {
  await copy(page);
  await page.getByRole('dialog').getByRole('button', { name: 'Clear the clipboard now' }).click();
  await told(page, 'The clipboard is cleared.');
  assert.equal(await pasted(other), '');
  assert.notEqual(await page.evaluate(() => document.activeElement.tagName), 'BODY');
}

// What was copied since, here or elsewhere, is not the page's to wipe.
async function otherSince(page, other) {
  await copy(page);
  const field = other.locator('textarea');
  await field.fill('copied elsewhere');
  await field.press('Control+a');
  await field.press('Control+c');
  await bar(page).locator('.note-bar').waitFor({ state: 'detached' });
  await page.clock.runFor(31_000);
  await page.getByRole('dialog').getByText('Created by').click();
  await still(page);
  assert.equal(await pasted(other), 'copied elsewhere');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

// A browser that tells of no change: after the page was left it wipes nothing by itself, and says that it does not know.
async function unsure(page, other) {
  await page.addInitScript(() => {
    Clipboard.prototype.addEventListener = () => {};
  });
  // The address of the secret goes a moment after its drawer.
  await page.waitForURL((url) => !/secrets\/./.test(url.hash));
  await page.reload();
  await copy(page);
  await page.evaluate(() => dispatchEvent(new Event('blur')));
  await bar(page).getByText('This page was left').waitFor();
  await page.clock.runFor(31_000);
  await page.getByRole('dialog').getByText('Created by').click();
  await still(page);
  assert.equal(await pasted(other), VALUE);
  await page.getByRole('button', { name: 'Clear the clipboard now' }).click();
  await told(page, 'The clipboard is cleared.');
  assert.equal(await pasted(other), '');
}
