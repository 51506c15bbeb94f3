// Typing is use; before the dashboard ends for lack of it, it asks.

import { assert, calm, enter, field, holdsNot, scenario, still } from './support.mjs';

await scenario(async (browser) => {
  await typing(browser);
  await Promise.all([staying(browser), leaving(browser)]);
});

function beats(page) {
  const heard = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/session/use') heard.push(request.method());
  });
  return heard;
}

// Keys and clicks are told to the server, once a minute at most.
async function typing(browser) {
  const me = await enter(browser);
  const { page } = me;
  const now = Date.now();
  await page.clock.install({ time: now });
  await page.clock.pauseAt(now + 60_000);
  const heard = beats(page);
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').press('a');
  await field(dialog, 'Name').press('b');
  await still(page);
  assert.deepEqual(heard, ['POST']);
  await page.clock.runFor(59_000);
  await field(dialog, 'Name').press('c');
  await still(page);
  assert.equal(heard.length, 1);
  await page.clock.runFor(1_000);
  await field(dialog, 'Name').press('d');
  await still(page);
  assert.equal(heard.length, 2);
  await page.clock.runFor(60_000);
  await page.mouse.click(5, 5);
  await still(page);
  assert.equal(heard.length, 3);
  calm(me);
}

// The question is there before the end, and a key keeps it; what was typed is where it was.
async function staying(browser) {
  const me = await enter(browser, {}, ['--idle', '30s']);
  const { page } = me;
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add secrets' });
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('typed');
  for (const key of ['Enter', 'Escape']) {
    await page.getByRole('dialog', { name: 'Stay?' }).getByText(/It ends in \d+ s\./).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.innerText), 'Stay');
    await page.keyboard.press(key);
    await page.getByRole('dialog', { name: 'Stay?' }).waitFor({ state: 'detached' });
    assert.equal(await field(dialog, 'Name').inputValue(), 'typed');
  }
  await page.getByRole('dialog', { name: 'Stay?' }).waitFor();
  await page.getByRole('button', { name: 'Close the dashboard' }).click();
  await page.getByRole('heading', { name: 'The dashboard is closed' }).waitFor();
  calm(me);
}

// Without an answer it ends, and what may be read of what was typed is still there.
async function leaving(browser) {
  const me = await enter(browser, {}, ['--idle', '30s']);
  const { page } = me;
  await page.getByRole('button', { name: 'Add secret' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add secrets' });
  await dialog.getByRole('tab', { name: 'Custom secret' }).click();
  await field(dialog, 'Name').fill('typed-name');
  await field(dialog, 'Value').fill('typed-value');
  await page.getByRole('dialog', { name: 'Stay?' }).waitFor();
  await page.getByRole('heading', { name: 'The dashboard has ended' }).waitFor();
  await page.getByText('It ends by itself after a while without use.').waitFor();
  assert.ok((await page.locator('main').innerText()).includes('typed-name'));
  await holdsNot(page, 'typed-value');
  calm(me);
}
