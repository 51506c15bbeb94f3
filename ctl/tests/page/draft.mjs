// Nothing that was typed, and no token that is shown once, is lost without a question.

import { assert, calm, enter, field, go, holdsNot, scenario, still, stopped, store, told } from './support.mjs';

await scenario(async (browser) => {
  store([{ name: 'alpha', value: 'value-of-alpha', metadata: { team: 'platform' } }]);
  const me = await enter(browser);
  const { page } = me;
  await adding(page);
  await clean(page);
  await editing(page);
  await walking(page);
  await unloading(page);
  await token(page);
  calm(me);
  await atTheEnd(browser);
});

function question(page) {
  return page.getByRole('dialog', { name: 'Discard what you typed?' });
}

/** Tries a way out; the question is there, and its safe answer keeps everything. */
async function asks(page, way) {
  await way();
  await question(page).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Keep it');
  await page.keyboard.press('Enter');
  await question(page).waitFor({ state: 'detached' });
}

async function adding(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add secrets' });
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('typed');
  await field(dialog, 'Value').fill('typed-value');
  await asks(page, () => page.keyboard.press('Escape'));
  await asks(page, () => dialog.getByRole('button', { name: 'Close', exact: true }).click());
  await asks(page, () => dialog.getByRole('button', { name: 'Cancel' }).click());
  // Esc at the question keeps it too, however often; a click beside does nothing.
  for (let at = 0; at < 3; at += 1) {
    await page.keyboard.press('Escape');
    await question(page).waitFor();
    await page.keyboard.press('Escape');
    await question(page).waitFor({ state: 'detached' });
  }
  await page.mouse.click(5, 5);
  await still(page);
  assert.equal(await field(dialog, 'Name').inputValue(), 'typed');
  assert.equal(await field(dialog, 'Value').inputValue(), 'typed-value');
  await dialog.getByRole('button', { name: 'Close', exact: true }).click();
  await question(page).getByRole('button', { name: 'Discard' }).click();
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, 'typed-value');
}

// Where nothing was typed, nothing is asked: not for a search, a tab, or a form that was only looked at.
async function clean(page) {
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add secrets' });
  await dialog.getByRole('combobox').fill('stri');
  await dialog.getByRole('combobox').press('Enter');
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

async function editing(page) {
  await page.getByRole('button', { name: 'alpha', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'alpha' });
  await dialog.getByRole('button', { name: 'Edit' }).click();
  // A form closes by no click beside, not even an untouched one.
  await page.mouse.click(5, 300);
  await field(dialog, 'New value').fill('second-value');
  await page.mouse.click(5, 300);
  await still(page);
  assert.equal(await field(dialog, 'New value').inputValue(), 'second-value');
  await asks(page, () => page.keyboard.press('Escape'));
  await asks(page, () => dialog.getByRole('button', { name: 'Cancel' }).click());
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await question(page).getByRole('button', { name: 'Discard' }).click();
  // A row that was taken away is a change as well.
  await dialog.getByRole('button', { name: 'Edit' }).click();
  await dialog.getByRole('button', { name: 'Remove this row' }).click();
  await asks(page, () => page.keyboard.press('Escape'));
  await dialog.getByRole('button', { name: 'Save' }).click();
  await told(page, 'alpha is changed.');
  // There is no form any more: a click beside closes what is only looked at.
  await page.mouse.click(5, 300);
  await dialog.waitFor({ state: 'detached' });
}

// Going back in the history leaves the form where it is.
async function walking(page) {
  await go(page, 'Agents');
  await page.getByRole('button', { name: 'Add agent' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add an agent' });
  await field(dialog, 'Name').fill('bot');
  await page.goBack();
  await still(page);
  assert.equal(await field(dialog, 'Name').inputValue(), 'bot');
  await page.goForward();
  await asks(page, () => page.keyboard.press('Escape'));
}

// A tab that is loaded again or closed asks by the browser's own words.
async function unloading(page) {
  const asked = page.waitForEvent('dialog');
  const reload = page.reload().catch(() => null);
  const one = await asked;
  assert.equal(one.type(), 'beforeunload');
  await one.dismiss();
  await reload;
  assert.equal(await field(page.getByRole('dialog'), 'Name').inputValue(), 'bot');
}

async function token(page) {
  const dialog = page.getByRole('dialog');
  await field(dialog, 'Names').fill('*');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByText('This token is shown this once').waitFor();
  for (let at = 0; at < 3; at += 1) await page.keyboard.press('Escape');
  await page.mouse.click(5, 5);
  await page.evaluate(() => {
    location.hash = '#/status';
  });
  await still(page);
  const shown = await dialog.locator('.token').innerText();
  assert.match(shown, /^amv_/);
  assert.equal(await dialog.getByRole('button', { name: 'Close', exact: true }).count(), 0);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  await dialog.waitFor({ state: 'detached' });
  await holdsNot(page, shown);
}

// At the end, names and metadata are still there to be read; values are not.
async function atTheEnd(browser) {
  const me = await enter(browser);
  const { page } = me;
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add secrets' });
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('a name that was typed');
  await field(dialog, 'Value').fill('a-value-that-was-typed');
  await dialog.getByRole('button', { name: 'Add a row' }).click();
  await dialog.getByRole('textbox', { name: 'Key' }).fill('ticket');
  await dialog.getByRole('textbox', { name: 'Text' }).fill('OPS-1');
  await dialog.getByRole('tab', { name: 'Paste .env' }).click();
  await field(dialog, 'Lines of a .env file').fill('A=value-in-lines');
  stopped('SIGINT');
  await page.getByRole('heading', { name: 'The dashboard has ended' }).waitFor();
  const left = await page.locator('main').innerText();
  for (const words of ['a name that was typed', 'ticket', 'OPS-1']) assert.ok(left.includes(words), words);
  await holdsNot(page, 'a-value-that-was-typed');
  await holdsNot(page, 'value-in-lines');
  calm(me);
}
